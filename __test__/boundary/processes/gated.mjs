/**
 * A server that admits by credentials. It prints `ready` with its ticket, `called` for each call, and `aborted` with the
 * status code for a call that ends before its handler.
 *
 *   node gated.mjs --root FILE [--nonces FILE] [--revocations FILE] [--identity FILE]
 */
import { parseArgs } from "node:util";
import { AsterServer, implement } from "aster-rpc";
import { Vault } from "../support/vault.mjs";

const one = { type: "string" };
const { values } = parseArgs({ options: { root: one, nonces: one, revocations: one, identity: one } });
const say = (event, members = {}) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const at = (name) => (values[name] === undefined ? {} : { [name]: { path: values[name] } });

const vault = implement(Vault, {
  read: (_ask, { peer }) => {
    say("called", { by: peer.endpointId });
    return { text: [...peer.roles].join() };
  },
  async *watch(_ask, { signal }) {
    yield { text: "first" };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    say("aborted", { code: signal.reason.code });
  },
});
const server = await AsterServer.start({
  services: [vault],
  access: { rootPublicKey: { file: values.root }, ...at("nonces"), ...at("revocations") },
  identity: values.identity === undefined ? "ephemeral" : { file: values.identity },
  bind: "127.0.0.1:0",
  relay: "disabled",
});
say("ready", { ticket: server.ticket, endpointId: server.endpointId });
// Only the server keeps this process alive.
process.stdin.unref();
