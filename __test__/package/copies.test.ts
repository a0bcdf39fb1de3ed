/** Two copies of the package in one program: the error says so, and names both places. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as aster from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;
let other: typeof aster;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-copy-"));
  cpSync(path.join(root, "dist"), path.join(folder, "dist"), { recursive: true });
  cpSync(path.join(root, "package.json"), path.join(folder, "package.json"));
  other = (await import(pathToFileURL(path.join(folder, "dist", "index.js")).href)) as typeof aster;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// biome-ignore lint/suspicious/noExplicitAny: things of the other copy have types that the compiler tells apart
const theirs = (): any => {
  const { message, service, t, unary } = other;
  const Constant = message("copies/Constant", { n: t.int });
  class Named extends message("copies/Named", { n: t.int }) {}
  return { Constant, Named, plain: t.int, S: service("S", {}, { one: unary(Constant, Named) }) };
};

describe("what another copy of the package made", () => {
  it.each<[string, () => unknown]>([
    ["a constant as a field", () => aster.message("copies/A", { m: theirs().Constant })],
    ["a named message as an element", () => aster.t.list(theirs().Named)],
    ["a schema of t as a field", () => aster.message("copies/A", { m: theirs().plain })],
    ["a message as a request", () => aster.unary(theirs().Named, theirs().Named)],
    ["a service to implement", () => aster.implement(theirs().S, { one: () => ({ n: 1 }) })],
  ])("is refused with both places: %s", (_what, run) => {
    expect(run).toThrow(TypeError);
    expect(run).toThrow(/was made by another copy of aster-rpc/);
    expect(run).toThrow(path.basename(folder));
    expect(run).toThrow(root);
  });

  it("is an AsterError to both, where it is one", () => {
    expect(new other.AsterError(other.Code.NOT_FOUND, "x")).toBeInstanceOf(aster.AsterError);
  });
});
