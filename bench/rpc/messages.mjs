// The messages of all workloads, equal for all peers: requests, responses, the bytes of the upload, and the checks of all
// three. A peer with a wrong response or lost data must not get a figure.
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
