// The client side of the five workloads and of the echo that `npm run bench:growth` measures. Each uses a connection of any peer (the interface is in peers/index.mjs) and
// returns the number of units and the seconds they took. Only this file measures time.
import { quantile } from "../statistics.mjs";
import { checkAnswer, checkEcho, chunkBytes, payload, rampChunk, statusRequest } from "./messages.mjs";

const now = () => performance.now();

/** W1: one call after the other until the time is over. */
async function unaryOneByOne(connection, { measureMs }) {
  const latencies = [];
  const start = now();
  let before = start;
  for (let seq = 1_000_000; before - start < measureMs; seq += 1) {
    checkAnswer(await connection.unary(statusRequest(seq)), seq);
    const after = now();
    latencies.push(after - before);
    before = after;
  }
  const sorted = Float64Array.from(latencies).sort();
  return {
    units: latencies.length,
    seconds: (before - start) / 1000,
    p50Us: quantile(sorted, 0.5) * 1000,
    p99Us: quantile(sorted, 0.99) * 1000,
  };
}

/** W2: `inFlight` loops, each with one call after the other. */
async function unaryInFlight(connection, { measureMs, inFlight }) {
  const start = now();
  let next = 1_000_000;
  let units = 0;
  const caller = async () => {
    while (now() - start < measureMs) {
      const seq = next;
      next += 1;
      checkAnswer(await connection.unary(statusRequest(seq)), seq);
      units += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return { units, seconds: (now() - start) / 1000 };
}

/** W3: one stream of small items, each checked. */
async function serverStream(connection, { items }) {
  const start = now();
  let seq = 0;
  await connection.serverStream(statusRequest(items), (item) => {
    checkAnswer(item, seq);
    seq += 1;
  });
  if (seq !== items) throw new Error(`${seq} of ${items} items arrived`);
  return { units: items, seconds: (now() - start) / 1000 };
}

/** W4: one upload in chunks of 64 KiB; a unit is one MiB. */
async function upload(connection, { uploadMiB }) {
  const chunk = rampChunk();
  const count = (uploadMiB * 2 ** 20) / chunkBytes;
  const start = now();
  const received = await connection.upload(chunk, count);
  if (received.bytes !== uploadMiB * 2 ** 20 || !received.intact) {
    throw new Error(`the server received ${JSON.stringify(received)}`);
  }
  return { units: uploadMiB, seconds: (now() - start) / 1000 };
}

/** W5: opens idle connections, each with one call to make sure that it is open. The caller reads the server's memory. */
async function idleConnections(connection, { idleConnections: count, connect }) {
  const start = now();
  const open = [connection];
  for (let first = 0; first < count; first += 10) {
    const batch = await Promise.all(Array.from({ length: Math.min(10, count - first) }, connect));
    await Promise.all(batch.map(async (one, i) => checkAnswer(await one.unary(statusRequest(i)), i)));
    open.push(...batch);
  }
  return { units: count, seconds: (now() - start) / 1000, open };
}

/** Opens the connections of a point of growth, `first` among them. */
export async function openAll(first, { connections = 1, connect }) {
  const open = [first];
  while (open.length < connections) {
    const batch = Math.min(10, connections - open.length);
    open.push(...(await Promise.all(Array.from({ length: batch }, connect))));
  }
  return open;
}

/** Echo: `inFlight` loops, spread over the connections, each with one echo of `bytes` bytes after the other. */
async function echo(connections, { measureMs, inFlight, bytes, kind }) {
  const data = payload(bytes, kind);
  const start = now();
  let units = 0;
  const caller = async (_, i) => {
    const connection = connections[i % connections.length];
    while (now() - start < measureMs) {
      checkEcho(await connection.echo(data), data);
      units += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return { units, seconds: (now() - start) / 1000 };
}

const measures = {
  W1: unaryOneByOne,
  W2: unaryInFlight,
  W3: serverStream,
  W4: upload,
  W5: idleConnections,
  echo,
};

/** Runs the workload in small portions until `warmUpMs` have passed, at least once. */
export async function warmUp(workload, connection, plan) {
  const start = now();
  const portion = { ...plan, measureMs: Math.min(250, plan.measureMs), items: plan.items / 10, uploadMiB: 4 };
  const warm = workload === "W5" ? unaryOneByOne : measures[workload];
  do await warm(connection, portion);
  while (now() - start < plan.warmUpMs[workload]);
}

/** Measures the workload once. */
export const measure = (workload, connection, plan) => measures[workload](connection, plan);
