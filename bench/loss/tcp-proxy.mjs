// A TCP proxy with a delay and with lost segments, for the peers that use TCP.
//
// What TCP does about a lost segment: the bytes after it arrive, but the receiver may not read them before the segment was sent
// again, which takes one more round trip (fast retransmit). So the proxy holds all bytes of the direction from the lost segment on for
// one round trip. It is kind to TCP: there are no timeouts, the retransmitted segment is never lost, and the sender does not slow down.
import { createServer, connect as dial } from "node:net";

/** Payload of one segment on Ethernet with timestamps. */
const SEGMENT = 1448;
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
    /** Loses one full segment after `skip` others. */
    dropNext: (direction, skip) => {
      state.drop = { direction, skip };
    },
    lost: () => state.lost,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function carry(from, to, direction, state) {
  let heldUntil = 0;
  let waiting = 0;
  from.on("data", (bytes) => {
    const losses = lostSegments(bytes.length, direction, state);
    state.lost += losses;
    const due = performance.now() + state.rttMs / 2;
    // Segments of one chunk that are lost together are sent again together.
    heldUntil = Math.max(heldUntil, due + (losses > 0 ? state.rttMs : 0));
    waiting += bytes.length;
    if (waiting > WINDOW) from.pause();
    setTimeout(() => {
      waiting -= bytes.length;
      if (waiting <= WINDOW) from.resume();
      if (!to.destroyed) to.write(bytes);
    }, heldUntil - performance.now());
  });
}

function lostSegments(length, direction, state) {
  const segments = Math.ceil(length / SEGMENT);
  let losses = 0;
  for (let n = 0; n < segments; n += 1) {
    if (state.loss > 0 && state.random() < state.loss) losses += 1;
    const isFull = (n + 1) * SEGMENT <= length;
    if (state.drop?.direction !== direction || !isFull) continue;
    if (state.drop.skip > 0) state.drop.skip -= 1;
    else {
      state.drop = null;
      losses += 1;
    }
  }
  return losses;
}
