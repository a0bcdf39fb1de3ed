// What is said in every workload, whoever carries it: requests, answers, the upload's bytes, and the checks of all
// three. A peer that answered wrongly or lost something must not get a number.
const agentId = "agent-0123456789";

/** A request of about 60 bytes as JSON; `seq` comes back in the answer. */
export const statusRequest = (seq) => ({ agentId, seq, level: "debug" });

/** The server's answer, about 65 bytes as JSON. */
export const answer = (request) => ({ agentId: request.agentId, status: "ok", uptimeSecs: request.seq });

/** Throws unless `response` is the answer to the request with `seq`. */
export function checkAnswer(response, seq) {
  if (response.uptimeSecs !== seq || response.agentId !== agentId || response.status !== "ok") {
    throw new Error(`wrong answer to ${seq}: ${JSON.stringify(response)}`);
  }
}

/** The items of a server stream: as many as the request's `seq` says, numbered from 0. */
export function* items(request) {
  for (let seq = 0; seq < request.seq; seq += 1)
    yield { agentId: request.agentId, status: "ok", uptimeSecs: seq };
}

export const chunkBytes = 64 * 1024;

/** A chunk of an upload: the bytes 0, 1, ... 255, again and again. */
export function rampChunk() {
  const chunk = new Uint8Array(chunkBytes);
  for (let i = 0; i < chunk.length; i += 1) chunk[i] = i & 255;
  return chunk;
}

/** The server's check of an upload, chunk by chunk: lengths added up, five bytes of each compared with the ramp. */
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
