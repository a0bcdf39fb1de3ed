// What is measured: how one lost packet delays concurrent calls, and how loss delays small calls beside a bulk stream.
import { randomBytes } from "node:crypto";
import { quantile } from "../statistics.mjs";

const CALLS = 100;
/** All responses together fit into the first window of HTTP/2, 64 KiB. */
const CALL_BYTES = 512;
/** A burst of responses has at least so many full packets. */
const PACKETS = 25;
const BULK_CHUNK = randomBytes(65_536);
const BULK_CHUNKS = 8;

/** The latencies of concurrent calls, in milliseconds. */
async function burst({ connection }, bytes = CALL_BYTES) {
  const data = randomBytes(bytes);
  const one = async () => {
    const began = performance.now();
    await connection.echo(data);
    return performance.now() - began;
  };
  return Promise.all(Array.from({ length: CALLS }, one));
}

const median = (values) =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

/**
 * 100 concurrent calls, many times: without loss, and with one lost packet of the responses. A call counts as delayed when it took
 * half a round trip longer than the median without loss. Returns the share of delayed calls in each burst.
 */
export async function onePacket(peer, { rounds, rttMs, random }) {
  const usual = [];
  const lossy = [];
  for (let n = 0; n < 5; n += 1) await burst(peer, peer.warmBytes);
  for (let round = 0; round < rounds; round += 1) {
    await burst(peer, peer.warmBytes);
    usual.push(await burst(peer));
    const before = peer.lost();
    peer.dropNext("toClient", Math.floor(random() * PACKETS));
    lossy.push(await burst(peer));
    if (peer.lost() === before) throw new Error("no packet was dropped");
  }
  const limit = median(usual.flat()) + rttMs / 2;
  const share = (latencies) => latencies.filter((ms) => ms > limit).length / CALLS;
  return { shares: lossy.map(share), without: usual.map(share) };
}

/** Small calls at a steady rate beside an upload that never ends, with loss in both directions. */
export async function besideBulk(peer, { seconds, callsPerSecond, loss }) {
  for (let n = 0; n < 5; n += 1) await burst(peer, peer.warmBytes);
  const small = { agentId: "agent-0123456789", seq: 1, level: "info" };
  peer.setLoss(loss);
  let over = false;
  let bulkBytes = 0;
  const bulk = (async () => {
    while (!over) {
      await peer.connection.upload(BULK_CHUNK, BULK_CHUNKS);
      bulkBytes += BULK_CHUNK.length * BULK_CHUNKS;
    }
  })();
  const latencies = [];
  const calls = [];
  const began = performance.now();
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - began;
      if (elapsed > seconds * 1000) {
        clearInterval(timer);
        resolve();
        return;
      }
      while (calls.length < (elapsed / 1000) * callsPerSecond) {
        const at = performance.now();
        calls.push(peer.connection.unary(small).then(() => latencies.push(performance.now() - at)));
      }
    }, 5);
  });
  await Promise.all(calls);
  const bulkSeconds = (performance.now() - began) / 1000;
  over = true;
  peer.setLoss(0);
  await bulk;
  const sorted = latencies.sort((a, b) => a - b);
  const at = (q) => quantile(sorted, q);
  return {
    calls: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    bulkMiBPerSecond: bulkBytes / 2 ** 20 / bulkSeconds,
  };
}
