/**
 * `RefEcho` and `RefVersioned` in TypeScript. One difference to the Python server is necessary: errors of kind "value" are
 * thrown as UNKNOWN with the text, because a plain exception would be INTERNAL without it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { AsterError, Code, type Implementation, implement } from "aster-rpc";
import * as ref from "./contract.ts";

type FailRequest = { code: number; message: string; kind: string };

function fail({ code, message, kind }: FailRequest): never {
  if (kind === "value") throw new AsterError(Code.UNKNOWN, message);
  const details = kind === "details" ? { hint: "look here", retry: "no" } : {};
  throw new AsterError(code as Code, message, { details });
}

/** A sum over code points that depends on their positions, as the client computes it. */
function checksum(text: string): number {
  let total = 0;
  let position = 0;
  for (const character of text) {
    position += 1;
    total = (total + position * (character.codePointAt(0) ?? 0)) % 1_000_000_007;
  }
  return total;
}

const answers = (of: typeof ref.RefEcho): Implementation =>
  implement(of, {
    scalars: (request) => request,
    person: (request) => request,
    painted: (request) => request,
    binary: (request) => request,
    containers: (request) => request,
    exotic: (request) => request,
    empty: (request) => request,
    nothing: () => null,
    fail: (request) => fail(request),
    measure: ({ text }) => ({ length: [...text].length, checksum: checksum(text) }),

    make({ length, pattern }) {
      const unit = pattern === "" ? "x" : pattern;
      return { text: unit.repeat(Math.ceil(length / unit.length)).slice(0, length) };
    },

    async sleep({ millis, label }, { signal }) {
      await delay(millis, undefined, { signal });
      return { ok: true, note: label };
    },

    whoami(_, { deadline, peer, metadata, callId, method }) {
      const [service = "", name = ""] = method.split(".");
      return {
        service,
        method: name,
        peer: peer.endpointId,
        callId,
        sessionId: "",
        hasDeadline: deadline !== null,
        remainingMillis: deadline === null ? 0 : deadline.getTime() - Date.now(),
        metadata,
        attributes: peer.attributes,
      };
    },

    async *count({ n, start, delayMillis, payload }, { signal }) {
      for (let offset = 0; offset < n; offset += 1) {
        if (delayMillis > 0) await delay(delayMillis, undefined, { signal });
        yield { index: start + offset, text: "x".repeat(payload) };
      }
    },

    *failLate(request) {
      for (let index = 0; index < request.after; index += 1) yield { index, text: "before" };
      fail(request);
    },

    async sum(numbers) {
      const answer = { total: 0, items: 0 };
      for await (const { value } of numbers) {
        answer.total += value;
        answer.items += 1;
      }
      return answer;
    },

    async failSum(requests) {
      for await (const request of requests) fail(request);
      return { total: 0, items: 0 };
    },

    async *chat(items) {
      for await (const { index, text } of items) {
        if (text === "stop") return;
        if (text === "fail") throw new AsterError(Code.ABORTED, "asked to fail");
        yield { index: index * 2, text: text.toUpperCase() };
      }
    },
  });

const versioned = implement(ref.RefVersioned, { ping: (request) => request });

/** Both services. */
export const refEchoServices: readonly Implementation[] = [answers(ref.RefEcho), versioned];

/** The same, and `RefEcho` also takes NATIVE calls. */
export const nativeRefEchoServices: readonly Implementation[] = [answers(ref.RefEchoNative), versioned];
