// The interpreter is used where a process forbids code generation, and where the environment asks for it.

import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const dist = new URL("../../dist/index.js", import.meta.url).href;

const program = `
import { message, t } from ${JSON.stringify(dist)};
const Line = message("x/Line", { sku: t.string, qty: t.int });
const Order = message("x/Order", { lines: t.list(Line), tags: t.map(t.string, t.int), any: t.any });
const bytes = Order.encode({ lines: [{ sku: "a", qty: 300 }], tags: { k: 1 }, any: [1, "x", null] });
const back = Order.decode(bytes);
console.log(Buffer.from(bytes).toString("hex"), JSON.stringify(back.lines), back.tags.get("k"), JSON.stringify(back.any));
`;

function run(flags: string[], env: Record<string, string>): string {
  const args = [...flags, "--input-type=module", "--eval", program];
  return execFileSync(process.execPath, args, { env: { ...process.env, ...env }, encoding: "utf8" });
}

describe("without code generation", () => {
  const usual = run([], {});

  it("the ordinary process uses generated code", () => {
    expect(usual).toMatch(/^02ff1d[0-9a-f]+ \[\{"sku":"a","qty":300\}\] 1 \[1,"x",null\]\n$/);
  });

  it("a process that forbids code generation encodes and decodes the same", () => {
    expect(run(["--disallow-code-generation-from-strings"], {})).toBe(usual);
  });

  it("ASTER_CODEC=interpreted gives the same", () => {
    expect(run([], { ASTER_CODEC: "interpreted" })).toBe(usual);
  });
});
