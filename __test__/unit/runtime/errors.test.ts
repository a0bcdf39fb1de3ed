import { describe, expect, it } from "vitest";
import { AsterError, Code, codeName, stacklessError } from "../../../ts/src/errors.js";

describe("AsterError", () => {
  it("has the members of the API, with their defaults", () => {
    const error = new AsterError(Code.NOT_FOUND, "no such thing");
    expect(error).toMatchObject({
      name: "AsterError",
      message: "NOT_FOUND: no such thing",
      code: 5,
      codeName: "NOT_FOUND",
      rawMessage: "no such thing",
      reason: null,
      peer: null,
      callId: null,
      isLocal: true,
      retryable: false,
      notSent: false,
      itemsReceived: 0,
    });
    expect(error.details).toEqual(new Map());
    expect(error.metadata).toEqual(new Map());
    expect("cause" in error).toBe(false);
    expect(error).toBeInstanceOf(Error);
  });

  it("accepts plain objects and Maps as pairs, and copies them", () => {
    const details = new Map([["Key", "v"]]);
    const error = new AsterError(Code.ABORTED, "", { details, metadata: { a: "b" } });
    details.set("late", "x");
    expect(error.details).toEqual(new Map([["Key", "v"]]));
    expect(error.metadata).toEqual(new Map([["a", "b"]]));
    expect(error.message).toBe("ABORTED");
  });

  it("is retryable for UNAVAILABLE, unless `retryable` is set", () => {
    expect(new AsterError(Code.UNAVAILABLE, "").retryable).toBe(true);
    expect(new AsterError(Code.UNAVAILABLE, "", { retryable: false }).retryable).toBe(false);
  });

  it.each([0, 17, 99, 102, 1.5, "NOT_FOUND", undefined])("refuses %j as a code", (code) => {
    expect(() => new AsterError(code as never, "x")).toThrow(TypeError);
  });

  it("instanceof is true for another copy of the package, and ordinary for subclasses", async () => {
    // The query string makes a second instance of the module.
    const copy = (await import(
      "../../../ts/src/errors.js?copy" as string
    )) as typeof import("../../../ts/src/errors.js");
    expect(copy.AsterError).not.toBe(AsterError);
    const foreign = new copy.AsterError(Code.ABORTED, "x");
    expect(foreign instanceof AsterError).toBe(true);
    expect(AsterError.from(foreign)).toBe(foreign);
    class Mine extends AsterError {}
    expect(new AsterError(Code.ABORTED, "x") instanceof Mine).toBe(false);
    expect(new Mine(Code.ABORTED, "x") instanceof Mine).toBe(true);
    for (const other of [new Error("x"), null, undefined, 1, "x", {}])
      expect(other instanceof AsterError).toBe(false);
  });

  it.each([
    [new Error("plain"), Code.UNKNOWN, "plain"],
    [new DOMException("left", "AbortError"), Code.CANCELLED, "left"],
    [new DOMException("late", "TimeoutError"), Code.DEADLINE_EXCEEDED, "late"],
    ["text", Code.UNKNOWN, "text"],
    [null, Code.UNKNOWN, "null"],
    [Object.create(null), Code.UNKNOWN, "a value that cannot be converted to a string was thrown"],
  ])("from(%o) keeps the value as cause", (value, code, message) => {
    const error = AsterError.from(value);
    expect(error).toMatchObject({ code, rawMessage: message });
    expect(error.cause).toBe(value);
  });

  it("from() accepts a code for values without one", () => {
    expect(AsterError.from(new Error("x"), Code.DATA_LOSS).code).toBe(Code.DATA_LOSS);
  });
});

describe("codes", () => {
  it("are the gRPC codes and CONTRACT_VIOLATION", () => {
    expect(Object.values(Code)).toEqual([...Array.from({ length: 17 }, (_, i) => i), 101]);
    expect(codeName(101)).toBe("CONTRACT_VIOLATION");
    expect(codeName(17)).toBeNull();
  });

  it("an error of the receive loop has no stack, and does not change the stack limit of other errors", () => {
    const limit = Error.stackTraceLimit;
    expect(stacklessError(Code.ABORTED, "x", {}).stack).not.toContain("\n");
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new AsterError(Code.ABORTED, "x").stack).toContain("\n");
  });
});
