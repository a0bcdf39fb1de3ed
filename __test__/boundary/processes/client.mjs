/**
 * A client of Probe. It does what its second argument says when its calls have reached the server.
 *
 *   node client.mjs TICKET idle|events|fall|exit|throw|wait
 */
import { AsterClient } from "aster-rpc";
import { local, Probe } from "../support/probe.mjs";

const [ticket, way] = process.argv.slice(2);
const say = (event) => process.stdout.write(`${JSON.stringify({ event })}\n`);
const client = await AsterClient.connect(ticket, local);
const stub = client.stub(Probe);
await stub.echo({ id: 1 });

if (way !== "idle" && way !== "events") {
  const ignored = () => {};
  for (let id = 0; id < 8; id++) stub.hang({ id }, { timeoutMs: way === "fall" ? 300 : null }).catch(ignored);
  if (way !== "fall") {
    await stub.count({ id: -1, data: new Uint8Array(1000) }).next();
    await stub.talk().send({ id: 1 });
    await stub.echo({ id: 2 }); // calls that were sent before have arrived
  }
}
say("ready");

const ways = {
  /** No call is running, and nothing was closed. */
  idle() {},
  /** Something waits for an event of the connection. */
  events: () => void client.events().next(),
  /** Calls with a deadline are running. The process lives until they have ended, and no longer. */
  fall() {},
  exit: () => process.exit(7),
  throw: () => {
    throw new Error("thrown on purpose");
  },
  /** Calls without a deadline keep the process alive until somebody ends it. */
  wait() {},
};
ways[way]();
