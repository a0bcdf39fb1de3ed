// A server that only lets clients in whose credential a root key has signed:
//   node examples/gated/server.ts root.pub
import { AsterServer, implement } from "aster-rpc";
import { Board } from "./contract.ts";

const file = process.argv[2] ?? "root.pub";
let notice = { text: "nothing yet", by: "nobody" };

const board = implement(Board, {
  read: () => notice,
  pin({ text }, { peer }) {
    // The name comes from the credential, so no client can choose it.
    notice = { text, by: peer.attributes.get("aster.name") ?? peer.endpointId };
    return notice;
  },
  async *watch(_nothing, { signal }) {
    yield notice;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
});

const server = await AsterServer.start({
  services: [board],
  access: { rootPublicKey: { file }, revocations: { path: "revoked.json" } },
  bind: "127.0.0.1:0",
  relay: "disabled",
});
console.log("ticket  ", server.ticket);

process.once("SIGTERM", async () => {
  const { admissions } = await server.node.info();
  console.log("admissions", JSON.stringify(admissions));
  await server.drain();
});
