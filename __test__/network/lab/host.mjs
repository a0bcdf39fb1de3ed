/** A host of the lab: a server or a client, driven by lines of JSON on stdin. */
import { AsterClient, AsterServer, implement, message, service, t, unary } from "aster-rpc";
import { answerLines } from "./lines.mjs";

const Text = message("lab/Text", { text: t.string });
const Echo = service("Echo", { version: 1 }, { echo: unary(Text, Text) });
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let server = null;
let client = null;

/** Resolves with null after a time. */
function after(ms) {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), ms).unref();
  });
}

const commands = {
  async serve({ options }) {
    const services = [implement(Echo, { echo: (request) => request })];
    server = await AsterServer.start({
      services,
      access: "open",
      ...options,
      identity: "ephemeral",
      registry: "off",
      logger: silent,
    });
    return { ticket: server.ticket, addresses: server.addresses, endpointId: server.endpointId };
  },

  /** Connects and calls. Then waits for a direct path, at most `directWithinMs`. */
  async call({ address, options, directWithinMs }) {
    const begun = performance.now();
    const since = () => Math.round(performance.now() - begun);
    client = await AsterClient.connect(address, { ...options, timeoutMs: 20_000, logger: silent });
    const stub = client.stub(Echo);
    const { text } = await stub.echo({ text: "first" }, { timeoutMs: 10_000 });
    const firstCallMs = since();
    const firstPath = client.path.kind;
    const direct = (async () => {
      for await (const { kind } of client.paths()) if (kind === "direct") return since();
      return null;
    })();
    const directMs = await Promise.race([direct, after(directWithinMs)]);
    await stub.echo({ text: "second" }, { timeoutMs: 10_000 });
    const { kind, address: remote, rttMs, bytesDirect, bytesRelayed } = client.path;
    return {
      answered: text === "first",
      firstCallMs,
      firstPath,
      directMs,
      kind,
      remote,
      rttMs,
      bytesDirect,
      bytesRelayed,
    };
  },

  async close() {
    await client?.close();
    await server?.close();
    [client, server] = [null, null];
    return {};
  },
};

await answerLines(commands);
