/** User code that runs while its object is being written, and uses the same port. */
import { describe, expect, it } from "vitest";
import type { AsterError } from "../../../ts/src/errors.js";
import { Code } from "../../../ts/src/errors.js";
import type { MessageCodec } from "../../../ts/src/message.js";
import { deferred, failureOf, Harness, jsonCodec, turns } from "./harness.js";

/** Writes a byte, lets the value run code, and writes the rest, as generated code does between two members. */
const actingCodec: MessageCodec = {
  write(writer, value) {
    const start = writer.pos;
    jsonCodec.write(writer, " ");
    (value as { act?: () => void }).act?.();
    if (writer.pos !== start + 3) throw new Error("the writer was moved meanwhile");
    writer.pos = start;
    jsonCodec.write(writer, (value as { id: number }).id);
  },
  read: jsonCodec.read,
};

describe("a getter of a message that is being written", () => {
  it("cannot make a call: that call fails, the outer call continues", async () => {
    const harness = new Harness();
    const echo = harness.method("unary", (x: unknown) => x);
    const acting = { ...harness.target("unary", (x: unknown) => x), request: actingCodec };
    const { unaryCall } = await import("../../../ts/src/client/invoke.js");
    let inner: Promise<AsterError> | null = null;
    const outer = unaryCall(acting, { id: 7, act: () => (inner = failureOf(echo(1))) }, undefined);
    expect(await outer).toBe(7);
    expect(await inner).toMatchObject({ code: Code.FAILED_PRECONDITION, notSent: true });
    expect(await echo(2)).toBe(2);
    harness.close();
  });

  it("cannot submit a part of the message by flushing", async () => {
    const harness = new Harness();
    const echo = harness.method("unary", (x: unknown) => x);
    const acting = { ...harness.target("unary", (x: unknown) => x), request: actingCodec };
    const { unaryCall } = await import("../../../ts/src/client/invoke.js");
    // An operation of the same turn waits before the message.
    const first = echo(1);
    const outer = unaryCall(acting, { id: 7, act: () => harness.port.flush() }, undefined);
    expect(await Promise.all([first, outer])).toEqual([1, 7]);
    expect(harness.native.seen("OPEN")).toHaveLength(2);
    harness.close();
  });

  it("may read a stream: the credit is returned after the message", async () => {
    const harness = new Harness();
    const release = deferred();
    const list = harness.method("serverStream", async function* () {
      yield "begin";
      yield "x".repeat(200_000);
      await release.promise;
    });
    const acting = { ...harness.target("unary", (x: unknown) => x), request: actingCodec };
    const { unaryCall } = await import("../../../ts/src/client/invoke.js");
    const stream = list(1);
    await stream.next();
    await turns();
    const taken: Promise<unknown>[] = [];
    const outer = unaryCall(acting, { id: 7, act: () => taken.push(stream.next()) }, undefined);
    expect(await outer).toBe(7);
    expect(await taken[0]).toEqual({ done: false, value: "x".repeat(200_000) });
    await turns();
    const credit = harness.native.seen("CREDIT").reduce((sum, op) => sum + op.argument, 0);
    expect(credit).toBeGreaterThan(200_000);
    release.resolve();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    harness.close();
  });
});
