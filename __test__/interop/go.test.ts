/** Go, with Apache Fory for Go. Each limit is a defect of that library, explained in `docs/interop.md#limits`. */
import { describe, expect, it } from "vitest";
import { matrix } from "./languages/matrix.ts";
import { allCases } from "./languages/messages.ts";
import { ask, missing } from "./languages/peer.ts";

const dynamic = "the type id 255 is not allowed here";

matrix("go", {
  Empty: { reads: "hash 47 is not consistent", writes: "the peer has other fields" },
  Acronym: { reads: "is not consistent with", writes: "the peer has other fields" },
  TextToGap: { reads: "nil pointer dereference", writes: "nil pointer dereference" },
  LongMap: { writes: "other value" },
  Nested: { reads: "other value", writes: dynamic },
  Anything: { reads: "unknown type id", writes: dynamic },
  AnyNull: { reads: "buffer out of bound", writes: "the type id 253 is not allowed here" },
  AnyPoint: { reads: "other value", writes: dynamic },
  AnyItems: { reads: "other value", writes: dynamic },
  AnyInt64: { writes: "bytes follow" },
});

describe.skipIf(missing("go") !== null)("the go peer in another time zone", () => {
  it("writes dates that are off by a day (it counts them in local hours)", async () => {
    const day = allCases.find(({ name }) => name === "Day");
    const hex = Buffer.from(day?.schema.encode({ value: "2024-02-29" })).toString("hex");
    const [answer] = await ask("go", [{ type: "Day", hex }], { timeZone: "Pacific/Auckland" });
    expect(answer?.view).toEqual({ value: "2024-02-29" });
    expect(day?.schema.decode(Buffer.from(answer?.hex ?? "", "hex"))).toEqual({ value: "2024-02-28" });
  });
});
