// A TCP proxy with a delay and with lost segments, for the peers that use TCP.
//
// What TCP does about a lost segment: the bytes after it arrive, but the receiver may not read them before the segment was sent
// again, which takes one more round trip (fast retransmit). So the proxy holds all bytes of the direction from the lost segment on for
// one round trip. It is kind to TCP: there are no timeouts, the retransmitted segment is never lost, and the sender does not slow down.
import { createServer, connect as dial } from "node:net";

/** Payload of one segment on Ethernet with timestamps. */
const SEGMENT = 1448;
/** Smaller chunks hold no response, but control frames of HTTP/2. */
const RESPONSE = 200;
/** Bytes of one direction on the way. Beyond it the sender waits, as for a receive window. */
const WINDOW = 4 << 20;

/** Starts the proxy. `loss` is the probability for each segment, `random` gives numbers from 0 to 1. */
export async function startTcpProxy(target, { rttMs, random }) {
  const [host, port] = target.split(":");
  const sockets = new Set();
  const state = { loss: 0, drop: null, rttMs, random, lost: 0 };
  const server = createServer({ allowHalfOpen: false, noDelay: true }, (client) => {
    const upstream = dial({ host, port: Number(port), noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    carry(client, upstream, "toServer", state);
    carry(upstream, client, "toClient", state);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    setLoss: (loss) => {
      state.loss = loss;
    },
    /** Loses the segment of responses that comes after the bytes of `skip` full ones. */
    dropNext: (direction, skip) => {
      state.drop = { direction, bytes: skip * SEGMENT };
    },
    lost: () => state.lost,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Carries the bytes of one direction, in order. */
function carry(from, to, direction, state) {
  const queue = [];
  let heldUntil = 0;
  let waiting = 0;
  let timer = null;
  const push = (bytes, due) => {
    if (bytes.length > 0) queue.push({ bytes, due });
  };
  const deliver = () => {
    timer = null;
    while (queue.length > 0 && queue[0].due <= performance.now()) {
      const { bytes } = queue.shift();
      waiting -= bytes.length;
      if (!to.destroyed) to.write(bytes);
    }
    if (waiting <= WINDOW && from.isPaused()) from.resume();
    schedule();
  };
  const schedule = () => {
    if (timer !== null || queue.length === 0) return;
    timer = setTimeout(deliver, Math.max(0, queue[0].due - performance.now()));
  };
  from.on("data", (bytes) => {
    const due = performance.now() + state.rttMs / 2;
    const lostAt = firstLost(bytes.length, direction, state);
    // The bytes before the lost segment pass. Segments of one chunk that are lost together are sent again together.
    push(bytes.subarray(0, lostAt), Math.max(heldUntil, due));
    if (lostAt < bytes.length) heldUntil = Math.max(heldUntil, due + state.rttMs);
    push(bytes.subarray(lostAt), Math.max(heldUntil, due));
    waiting += bytes.length;
    if (waiting > WINDOW) from.pause();
    schedule();
  });
}

/** Where the first lost segment of a chunk begins; its length when none is lost. */
function firstLost(length, direction, state) {
  let first = length;
  for (let at = 0; at < length; at += SEGMENT) {
    let isLost = state.loss > 0 && state.random() < state.loss;
    if (state.drop?.direction === direction && length >= RESPONSE) {
      state.drop.bytes -= Math.min(SEGMENT, length - at);
      if (state.drop.bytes < 0) {
        state.drop = null;
        isLost = true;
      }
    }
    if (!isLost) continue;
    state.lost += 1;
    first = Math.min(first, at);
  }
  return first;
}
