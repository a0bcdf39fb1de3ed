import { describe, expect, it } from "vitest";
import { type ConnectionEvent, Reader } from "../../ts/src/client/events.js";

const event = (address: number): ConnectionEvent => ({
  type: "path",
  relayed: false,
  remoteAddress: String(address),
});

describe("a reader of connection events", () => {
  it("that does not read keeps the last 64", async () => {
    const reader = new Reader(() => {});
    for (let number = 0; number < 1000; number++) reader.push(event(number));
    for (let number = 936; number < 1000; number++)
      expect(await reader.next()).toEqual({ done: false, value: event(number) });
    reader.end();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it("still gives what was told before the end", async () => {
    const reader = new Reader(() => {});
    reader.push(event(1));
    reader.end();
    expect(await reader.next()).toEqual({ done: false, value: event(1) });
    expect((await reader.next()).done).toBe(true);
  });

  it("answers calls of next in their order", async () => {
    const reader = new Reader(() => {});
    const waiting = [reader.next(), reader.next()];
    reader.push(event(1));
    reader.push(event(2));
    expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([event(1), event(2)]);
  });
});
