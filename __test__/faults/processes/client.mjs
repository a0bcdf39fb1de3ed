/**
 * A client that keeps calls of every pattern running until it is killed, with a ledger in a file.
 *
 *   node client.mjs TICKET LEDGER BIND
 */
import { AsterClient } from "aster-rpc";
import { ledger } from "aster-rpc/testing";
import { Probe } from "../../boundary/support/probe.mjs";

const [ticket, file, bind] = process.argv.slice(2);
const books = ledger({ file });
const client = await AsterClient.connect(ticket, { bind, relay: "disabled", interceptors: [books.client] });
const stub = client.stub(Probe);
const data = new Uint8Array(500);

async function* slowly() {
  for (let id = 0; ; id++) {
    yield { id, data };
    await new Promise(setImmediate);
  }
}

const patterns = [
  () => stub.echo({ id: 1, data }),
  () => stub.hang({ id: 1 }, { timeoutMs: null }),
  async () => {
    for await (const _ of stub.count({ id: -1, data })) await new Promise(setImmediate);
  },
  () => stub.sum(slowly(), { timeoutMs: null }),
  async () => {
    const chat = stub.talk();
    for (;;) {
      await chat.send({ id: 1, data });
      await chat.next();
    }
  },
];
for (const pattern of patterns) {
  (async () => {
    for (;;) await pattern();
  })();
}
await stub.echo({ id: 2 });
process.stdout.write(`${JSON.stringify({ event: "ready" })}\n`);
