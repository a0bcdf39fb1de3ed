import { describe, expect, it, vi } from "vitest";
import { AsterError, Code } from "../../../ts/src/errors.js";
import { errorOf } from "../../../ts/src/native/failure.js";
import { dispatchEvents } from "../../../ts/src/port/events.js";
import { Port } from "../../../ts/src/port/port.js";
import { FakeNative, failure } from "./fake-native.js";
import { Harness, turns } from "./harness.js";

describe("requests of the control plane", () => {
  it("settle with the event of their number", async () => {
    const native = new FakeNative();
    const port = new Port(native.binding);
    const numbers: number[] = [];
    const first = port.request("takeDone", (_, number) => void numbers.push(number));
    const second = port.request("takeDone", (_, number) => void numbers.push(number));
    native.settled(port.number, numbers[1]!, () => ({ b: 2 }));
    native.settled(port.number, numbers[0]!, () => {
      throw failure("no", { code: "UNAVAILABLE", reason: "R", details: { a: "b" } });
    });
    expect(await second).toEqual({ b: 2 });
    await expect(first).rejects.toMatchObject({ code: Code.UNAVAILABLE, reason: "R", rawMessage: "no" });
    port.close();
  });

  it("reject when they cannot start, and when the port closes", async () => {
    const port = new Port(new FakeNative().binding);
    const failing = port.request("takeDone", () => {
      throw failure("is wrong", { code: "INVALID_OPTION", path: "options.bind" });
    });
    await expect(failing).rejects.toThrow(TypeError);
    await expect(failing).rejects.toMatchObject({ path: "options.bind", message: "options.bind: is wrong" });
    const pending = port.request("takeDone", () => {});
    port.close();
    await expect(pending).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });
});

describe("errors of the addon", () => {
  it.each([
    [failure("x", { code: "NOT_FOUND" }), Code.NOT_FOUND],
    [failure("x", { code: "NO_SUCH" }), Code.INTERNAL],
    [failure("x", { code: "OK" }), Code.INTERNAL],
    [failure("x", { code: "toString" }), Code.INTERNAL],
    [Object.assign(new Error("x"), { code: "InvalidArg" }), Code.INTERNAL],
    ["x", Code.INTERNAL],
  ])("%s becomes an AsterError", (thrown, code) => {
    expect(errorOf(thrown)).toBeInstanceOf(AsterError);
    expect(errorOf(thrown)).toMatchObject({ code, rawMessage: "x" });
  });

  it("keep their facts", () => {
    const facts = { reason: "BIND", details: { a: "b" }, peer: "p", isLocal: false, notSent: true };
    const error = errorOf(failure("x", facts));
    expect(error).toMatchObject({ ...facts, details: new Map([["a", "b"]]) });
  });
});

describe("the drain loop", () => {
  it("gives other work a turn when events never end", async () => {
    const native = new FakeNative();
    const port = new Port(native.binding);
    const record = new Uint8Array(24);
    record[8] = 9;
    native.drain = (_, slab) => {
      slab.set(record);
      return drained++ < 100 ? 24 : 0;
    };
    let drained = 0;
    port.drain();
    expect(drained).toBeLessThan(10);
    await turns(60);
    expect(drained).toBe(101);
    port.close();
  });

  it("continues after an event that cannot be handled", () => {
    const faults: unknown[] = [];
    const gone: number[] = [];
    const slab = new Uint8Array(96);
    const view = new DataView(slab.buffer);
    slab[8] = 77;
    slab[24 + 8] = 8;
    view.setUint32(24, 2, true); // PEER with two bytes that are not JSON
    slab[56 + 8] = 9;
    view.setUint32(56 + 12, 5, true);
    dispatchEvents(slab, 80, {
      faulty: (error: unknown) => void faults.push(error),
      peerGone: (connection: number) => void gone.push(connection),
    } as never);
    expect(faults).toHaveLength(2);
    expect(gone).toEqual([5]);
  });
});

describe("the process stays alive", () => {
  const held = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

  it("during a call, but not for an open port or a finished call", async () => {
    const harness = new Harness({ silent: true });
    const before = held();
    const promise = harness.method("unary", () => 1, null)(1);
    promise.catch(() => {});
    expect(held()).toBe(before + 1);
    await turns(1);
    harness.native.ended(harness.port.number, harness.native.seen("OPEN")[0]!.call, 13);
    await expect(promise).rejects.toThrow();
    expect(held()).toBe(before);
    harness.close();
  });

  it("also under fake timers", async () => {
    vi.useFakeTimers();
    try {
      const harness = new Harness();
      const echo = harness.method("unary", (x: unknown) => x);
      expect(await echo(5)).toBe(5);
      harness.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a batch that the addon refuses", () => {
  it("ends every call, so that none waits for ever", async () => {
    const harness = new Harness();
    const lines: string[] = [];
    const write = process.stderr.write;
    process.stderr.write = ((line: string) => lines.push(line)) as never;
    harness.native.submit = () => {
      throw new Error("an operation is cut short");
    };
    try {
      const echo = harness.method("unary", (x: unknown) => x);
      const results = await Promise.allSettled([echo(1), echo(2)]);
      expect(results.map((result) => (result as PromiseRejectedResult).reason.code)).toEqual([14, 14]);
    } finally {
      process.stderr.write = write;
    }
    expect(lines).toEqual([expect.stringContaining("an operation is cut short")]);
  });
});

describe("a call for a method that is no longer served", () => {
  it("ends as UNAVAILABLE", async () => {
    const harness = new Harness();
    const call = harness.method("unary", () => 1);
    harness.port.refuseCalls(1);
    await expect(call(1)).rejects.toMatchObject({ code: Code.UNAVAILABLE, isLocal: false });
    harness.close();
  });
});
