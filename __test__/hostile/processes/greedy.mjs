/**
 * A client that makes calls and then reads nothing more: it holds its event loop, so nothing takes the responses out of the
 * addon, which stops reading from the network when its own budget is used up.
 *
 *   node greedy.mjs TICKET METHOD CALLS BYTES
 */
import { AsterClient } from "aster-rpc";
import { Hoard, local } from "../support/hoard.mjs";

const [ticket, method, calls, bytes] = process.argv.slice(2);
// Large enough for the first responses, so that this side does not refuse them.
const client = await AsterClient.connect(ticket, { ...local, limits: { peerBytes: 32 << 20 } });
const stub = client.stub(Hoard);
for (let call = 0; call < Number(calls); call++) {
  const request = method === "hold" ? { data: new Uint8Array(Number(bytes)) } : { bytes: Number(bytes) };
  const made = stub[method](request, { timeoutMs: null });
  if (method === "blobs") made.next().catch(() => {});
  else made.catch(() => {});
  // The operations of each few calls leave this thread.
  if (call % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await new Promise((resolve) => setImmediate(resolve));
process.stdout.write(`${JSON.stringify({ event: "asked" })}\n`, () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
