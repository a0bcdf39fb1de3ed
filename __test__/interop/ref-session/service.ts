/** `RefSession` in TypeScript, for the Python client. */
import { setTimeout as delay } from "node:timers/promises";
import { AsterError, type Code, Code as codes, type Implementation, implement } from "aster-rpc";
import { RefSession } from "./contract.ts";

export const refSession: Implementation = implement(RefSession, ({ id, peer }) => {
  let total = 0;
  let items = 0;
  return {
    add({ value }) {
      total += value;
      items += 1;
      return { total, items };
    },
    get: () => ({ total, items }),
    whoami: (_, { metadata, callId, method }) => ({
      service: "RefSession",
      method,
      peer: peer.endpointId,
      callId,
      sessionId: id,
      hasDeadline: false,
      remainingMillis: 0,
      metadata,
      attributes: new Map(),
    }),
    make({ length, pattern }) {
      const unit = pattern === "" ? "x" : pattern;
      return { text: unit.repeat(Math.ceil(length / unit.length)).slice(0, length) };
    },
    fail({ code, message, kind }) {
      if (kind === "value") throw new Error(message);
      throw new AsterError(code as Code, message);
    },
    async sleep({ millis, label }, { signal }) {
      await delay(millis, undefined, { signal });
      return { ok: true, note: label };
    },
    async *count({ n, start, payload }) {
      for (let offset = 0; offset < n; offset += 1) {
        total += 1;
        yield { index: start + offset, text: "x".repeat(payload) };
      }
    },
    async sum(numbers) {
      for await (const { value } of numbers) {
        total += value;
        items += 1;
      }
      return { total, items };
    },
    async *chat(messages) {
      for await (const { index, text } of messages) {
        if (text === "fail") throw new AsterError(codes.ABORTED, "asked to fail");
        yield { index: index * 2, text: text.toUpperCase() };
      }
    },
  };
});
