// The messages of all workloads, equal for all peers: requests, responses, the bytes of the upload, and the checks of all
// three. A peer with a wrong response or lost data must not get a figure.
import { randomBytes } from "node:crypto";

const agentId = "agent-0123456789";

/** A request of about 60 bytes as JSON. The response is derived from `seq`. */
export const statusRequest = (seq) => ({ agentId, seq, level: "debug" });

/** The response of the server, about 65 bytes as JSON. */
export const answer = (request) => ({ agentId: request.agentId, status: "ok", uptimeSecs: request.seq });

/** Throws unless `response` is the response to the request with `seq`. */
export function checkAnswer(response, seq) {
  if (response.uptimeSecs !== seq || response.agentId !== agentId || response.status !== "ok") {
    throw new Error(`wrong response to ${seq}: ${JSON.stringify(response)}`);
  }
}

/** The items of a server stream, numbered from 0. The request's `seq` is their number. */
export function* items(request) {
  for (let seq = 0; seq < request.seq; seq += 1)
    yield { agentId: request.agentId, status: "ok", uptimeSecs: seq };
}

/** The bytes that an echo sends: random ones, or lines of a log, which compress. */
export function payload(bytes, kind) {
  if (kind === "noise") return randomBytes(bytes);
  const lines = Array.from({ length: Math.ceil(bytes / 64) }, (_, i) =>
    `2026-01-01T00:00:00Z ${agentId} request ${i * 7919} took ${(i * 31) % 997} us`.padEnd(63).concat("\n"),
  );
  return new Uint8Array(Buffer.from(lines.join("")).subarray(0, bytes));
}

/** Throws unless the echo has the length of `sent` and the same bytes at five places. */
export function checkEcho(echoed, sent) {
  const places = [0, 1, 2, 3, 4].map((part) => Math.floor(((sent.length - 1) * part) / 4));
  if (echoed.length !== sent.length || places.some((at) => echoed[at] !== sent[at])) {
    throw new Error(`wrong echo of ${sent.length} bytes: ${echoed.length} bytes`);
  }
}

export const chunkBytes = 64 * 1024;

/** A chunk of an upload: the bytes 0, 1, ... 255, repeated. */
export function rampChunk() {
  const chunk = new Uint8Array(chunkBytes);
  for (let i = 0; i < chunk.length; i += 1) chunk[i] = i & 255;
  return chunk;
}

/** The server's check of an upload: adds up the lengths of the chunks, and compares five bytes of each with the expected ones. */
export class UploadCheck {
  bytes = 0;
  intact = true;

  add(data) {
    for (let part = 0; part <= 4; part += 1) {
      const at = Math.floor(((data.length - 1) * part) / 4);
      if (data[at] !== (at & 255)) this.intact = false;
    }
    if (data.length !== chunkBytes) this.intact = false;
    this.bytes += data.length;
  }

  get result() {
    return { bytes: this.bytes, intact: this.intact };
  }
}
