/** Where errors of messages say that the fault is. */
import { describe, expect, it } from "vitest";
import { AsterError, message, t } from "../../ts/src/index.js";

class Line extends message("place/Line", { name: t.string, size: t.int8 }) {}
class Order extends message("place/Order", {
  id: t.int,
  lines: t.list(Line),
  lastLine: t.optional(Line),
  color: t.enum("place/Color", ["RED", "GREEN"]),
}) {}
const order = {
  id: 1,
  lines: [
    { name: "a", size: 1 },
    { name: "bb", size: 2 },
  ],
  color: "GREEN",
} as const;
const bytes = Order.encode(order);

function failure(run: () => unknown): AsterError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    return error as AsterError;
  }
  throw new Error("there was no failure");
}

describe("bytes that cannot be decoded", () => {
  it("are reported with the path of the field, beside the byte", () => {
    const paths = new Set<string>();
    for (let end = 4; end < bytes.length; end++) {
      const error = failure(() => Order.decode(bytes.subarray(0, end)));
      const path = error.details.get("path");
      expect(error.rawMessage).toMatch(/^place\/Order (at [\w.[\]]+ )?at byte \d+: /);
      if (path === undefined) continue;
      expect(error.rawMessage).toContain(`at ${path} at byte`);
      paths.add(path);
    }
    expect([...paths].sort()).toEqual([
      "color",
      "id",
      "last_line",
      "lines",
      "lines[0]",
      "lines[0].name",
      "lines[0].size",
      "lines[1]",
      "lines[1].name",
      "lines[1].size",
    ]);
  });

  it("name the enum and its members", () => {
    const wrong = Uint8Array.from(bytes);
    const at = bytes.findIndex((_, index) => {
      wrong.set(bytes);
      wrong[index] = 9;
      try {
        Order.decode(wrong);
        return false;
      } catch (error) {
        return (error as Error).message.includes("ordinal");
      }
    });
    expect(at).toBeGreaterThan(0);
    expect(failure(() => Order.decode(wrong)).rawMessage).toMatch(
      /^place\/Order at color at byte \d+: place\/Color has no member with ordinal 9; its members are RED, GREEN$/,
    );
  });
});

describe("a value that does not fit an enum", () => {
  it("is reported with the enum and its members", () => {
    const error = failure(() => Order.encode({ ...order, color: "BLUE" } as never));
    expect(error.rawMessage).toBe(
      "place/Order at color: expected a member of place/Color (RED, GREEN), got a string",
    );
  });
});
