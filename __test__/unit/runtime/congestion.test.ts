/** Responses of a peer that does not read wait, new calls of its connection start later, and large messages are refused. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Code } from "../../../ts/src/errors.js";
import type { MessageCodec } from "../../../ts/src/message.js";
import { WINDOW_LATER, WINDOW_REFUSED } from "../../../ts/src/native/constants.js";
import { Operations } from "../../../ts/src/port/operations.js";
import type { CallContext } from "../../../ts/src/server/context.js";
import { failureOf, Harness, turns } from "./harness.js";

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.close());

const LARGE = "x".repeat(100_000);
/** The number of the first call at the server of the harness. */
const FIRST = 2;

const grant = (call: number, window: number): void => {
  harness.native.narrow.delete(call);
  harness.native.event(harness.port.number, { kind: 4, call, argument: 0, argument2: window });
};

describe("a large response for which there is no room", () => {
  it("waits, and new calls of the connection start after it was sent", async () => {
    const started: string[] = [];
    const method = harness.method("unary", (text: string) => {
      started.push(text.slice(0, 3));
      return text;
    });
    harness.native.narrow.set(FIRST, WINDOW_LATER);
    const first = method(LARGE);
    const others = [method("one"), method("two")];
    await turns();
    expect(started).toEqual(["xxx"]);
    expect(harness.native.seen("REPLY")).toEqual([]);
    grant(FIRST, 200_000);
    expect(await Promise.all([first, ...others])).toEqual([LARGE, "one", "two"]);
    expect(started).toEqual(["xxx", "one", "two"]);
  });

  it("does not wait any more when its call is cancelled", async () => {
    let aborted: unknown;
    const method = harness.method("unary", (text: string, { signal }: CallContext) => {
      signal.addEventListener("abort", () => {
        aborted = signal.reason;
      });
      return text;
    });
    harness.native.narrow.set(FIRST, WINDOW_LATER);
    const controller = new AbortController();
    const first = failureOf(method(LARGE, { signal: controller.signal }));
    const other = method("one");
    await turns();
    controller.abort();
    expect((await first).code).toBe(Code.CANCELLED);
    expect(await other).toBe("one");
    expect(aborted).toMatchObject({ code: Code.CANCELLED });
    grant(FIRST, 200_000);
    await turns();
    expect(harness.native.seen("REPLY")).toHaveLength(1);
  });

  it("a call that was cancelled before it could start never runs", async () => {
    const started: string[] = [];
    const method = harness.method("unary", (text: string) => {
      started.push(text.slice(0, 3));
      return text;
    });
    harness.native.narrow.set(FIRST, WINDOW_LATER);
    const first = method(LARGE);
    const controller = new AbortController();
    const other = failureOf(method("one", { signal: controller.signal }));
    await turns();
    controller.abort();
    await other;
    await turns();
    grant(FIRST, 200_000);
    await first;
    expect(await method("two")).toBe("two");
    expect(started).toEqual(["xxx", "two"]);
  });

  it("is refused with RESOURCE_EXHAUSTED when too much waits", async () => {
    harness.native.narrow.set(FIRST, WINDOW_REFUSED);
    const error = await failureOf(harness.method("unary", (text: string) => text)(LARGE));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(error.message).toContain("peerBytes");
  });
});

describe("a large item of a stream for which there is no room", () => {
  it("waits, and the generator makes no other one before", async () => {
    let made = 0;
    const stream = harness.method("serverStream", function* () {
      for (;;) {
        made += 1;
        yield LARGE;
      }
    })(1);
    harness.native.narrow.set(FIRST, WINDOW_LATER);
    const first = stream.next();
    await turns();
    expect(made).toBe(1);
    grant(FIRST, 150_000);
    expect((await first).value).toBe(LARGE);
    await stream.return();
  });

  it("that is refused ends the call with RESOURCE_EXHAUSTED", async () => {
    harness.native.narrow.set(FIRST, WINDOW_REFUSED);
    const stream = harness.method("serverStream", () => [LARGE])(1);
    expect((await failureOf(stream.next())).code).toBe(Code.RESOURCE_EXHAUSTED);
  });
});

describe("a message that grows while it is encoded", () => {
  it("is refused when it reaches the limit, not when memory ends", () => {
    let written = 0;
    const endless: MessageCodec = {
      write(writer) {
        for (;;) {
          writer.ensure(4096);
          writer.pos += 4096;
          written += 4096;
          if (written > 100 << 20) throw new Error("nothing stopped the encoder");
        }
      },
      read: () => null,
    };
    const ops = new Operations();
    ops.end(1);
    const { length } = ops;
    const all = { admits: () => true };
    for (const write of [
      () => ops.item(3, endless, null, all),
      () => ops.reply(2, endless, null, all),
      () => ops.open(5, 1, 0, 0, null, 0, endless, null),
    ]) {
      written = 0;
      expect(write).toThrow(/RESOURCE_EXHAUSTED: a message of more than 16777215 bytes is too large/);
      expect(written).toBeLessThan(40 << 20);
      expect(ops.length).toBe(length);
    }
  });
});
