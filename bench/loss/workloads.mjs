// What is measured: how one lost packet delays concurrent calls, and how loss delays small calls beside a bulk stream.
import { randomBytes } from "node:crypto";
import { quantile } from "../statistics.mjs";

const CALLS = 100;
const CALL_BYTES = 2048;
const BULK_CHUNK = randomBytes(65_536);
const BULK_CHUNKS = 8;

/** The latencies of concurrent calls, in milliseconds. */
async function burst({ connection }) {
  const data = randomBytes(CALL_BYTES);
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
 * half a round trip longer than the median without loss. Returns the share of delayed calls in each round.
 */
export async function onePacket(peer, { rounds, rttMs, random }) {
  // Warms up, until the congestion window holds all calls.
  for (let n = 0; n < 20; n += 1) await burst(peer);
  const shares = [];
  const without = [];
  for (let round = 0; round < rounds; round += 1) {
    const usual = await burst(peer);
    const limit = median(usual) + rttMs / 2;
    without.push(usual.filter((ms) => ms > limit).length / CALLS);
    const before = peer.lost();
    peer.dropNext("toClient", Math.floor(random() * 60));
    const latencies = await burst(peer);
    if (peer.lost() === before) throw new Error("no packet was dropped");
    shares.push(latencies.filter((ms) => ms > limit).length / CALLS);
  }
  return { shares, without };
}

/** Small calls at a steady rate beside an upload that never ends, with loss in both directions. */
export async function besideBulk(peer, { seconds, callsPerSecond, loss }) {
  for (let n = 0; n < 5; n += 1) await burst(peer);
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
