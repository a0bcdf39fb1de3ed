/** The command line without a process: the output of `run()` and its exit codes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../ts/src/cli/commands.js";
import { describedManifest } from "../../ts/src/cli/described-manifest.js";
import { run } from "../../ts/src/cli/run.js";
import { message, service, t, unary } from "../../ts/src/index.js";
import { read } from "./support/tree.ts";

const Item = message("shop/Item", { id: t.int });
const More = message("shop/Item", { id: t.int, price: t.float });
const Shop = service("Shop", { version: 1 }, { find: unary(Item, Item) });
const Changed = service("Shop", { version: 1 }, { find: unary(More, More) });

let folder: string;
const file = (name: string) => path.join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-run-"));
  writeFileSync(file("old.json"), JSON.stringify(describedManifest(Shop)));
  writeFileSync(file("new.json"), JSON.stringify(describedManifest(Changed)));
  writeFileSync(file("shop.fdl"), "package shop;\nmessage Item { int32 id = 1; }\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command line. Returns its output and exit code. */
async function aster(args: readonly string[], signal = new AbortController().signal) {
  const [out, err]: [string[], string[]] = [[], []];
  const stdout = { write: (text: string) => out.push(text) };
  const stderr = { write: (text: string) => err.push(text) };
  const code = await run(args, { stdin: Readable.from([]), stdout, stderr, signal });
  return { code, out: out.join(""), err: err.join("") };
}

describe("usage", () => {
  it.each([[[]], [["--help"]], [["-h"]], [["unheard", "--help"]]])(
    "aster %j lists every command",
    async (args) => {
      const { code, out, err } = await aster(args);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      for (const { name, usage, summary } of commands) {
        const line = `  aster ${name} ${usage}`.trimEnd();
        expect(out).toContain(`${line}\n      ${summary}\n`);
      }
    },
  );

  it("of one command shows only that command", async () => {
    const { code, out } = await aster(["contract", "diff", "--help"]);
    expect(code).toBe(0);
    expect(out).toBe(
      "Usage:\n  aster contract diff OLD NEW [--credential FILE] [--relay disabled]\n" +
        "      Say what changed between two manifests, exported contracts or servers (TICKET); exit code 1 when it breaks peers.\n" +
        "\nEvery command accepts --json and --help.\n",
    );
  });

  it("is printed with exit code 2 when the command line is wrong", async () => {
    for (const [args, problem] of [
      [["contract", "sing"], "unknown command contract sing"],
      [["--json"], "a command is required"],
      [["contract", "diff", "one"], "2 argument(s) expected, but 1 given"],
      [["contract", "diff", "a", "b", "--loud"], "Unknown option '--loud'"],
      [["contract", "gen"], "--service MODULE:EXPORT is missing"],
    ] as const) {
      const { code, out, err } = await aster(args);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain(problem);
    }
  });

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(read("package.json"));
    expect(await aster(["--version"])).toEqual({ code: 0, out: `aster ${version}\n`, err: "" });
  });
});

describe("results", () => {
  it("are text, and exit code 1 means a negative result", async () => {
    const same = await aster(["contract", "diff", file("old.json"), file("old.json")]);
    expect(same).toMatchObject({ code: 0, err: "" });
    const broken = await aster(["contract", "diff", file("old.json"), file("new.json")]);
    expect(broken).toMatchObject({ code: 1, err: "" });
    expect(broken.out).toContain("Shop");
    expect(broken.out.endsWith("\n")).toBe(true);
  });

  it("are one document with --json", async () => {
    const { code, out } = await aster(["contract", "diff", file("old.json"), file("new.json"), "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ breaking: true, services: [{ service: "Shop" }] });
  });

  it("may be files", async () => {
    const { code, out } = await aster(["contract", "from-idl", file("shop.fdl"), "--out", file("shop.ts")]);
    expect({ code, out }).toEqual({ code: 0, out: `Generated: ${file("shop.ts")}\n  Item\n` });
    expect(readFileSync(file("shop.ts"), "utf8")).toContain("export class Item extends message(");
  });
});

describe("failures", () => {
  it("go to stderr as one sentence, with exit code 1", async () => {
    const { code, out, err } = await aster(["contract", "diff", file("none.json"), file("old.json")]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(`Error: ${file("none.json")}: no such file\n`);
  });

  it("are a document with --json", async () => {
    const { code, out, err } = await aster([
      "contract",
      "diff",
      file("none.json"),
      file("old.json"),
      "--json",
    ]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    const { error } = JSON.parse(err);
    expect(error).toEqual({ message: `${file("none.json")}: no such file`, reason: null });
  });

  it("escape control characters", async () => {
    const { err } = await aster(["contract", "\u001b[2Jsing"]);
    expect(err).toContain("\\u001b[2Jsing");
    expect(err).not.toContain("\u001b");
  });
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("%s ends a command that runs, with the exit code %i of shells", async (name, code) => {
    const controller = new AbortController();
    const running = aster(["contract", "diff", file("old.json"), file("new.json")], controller.signal);
    controller.abort(name);
    expect(await running).toEqual({ code, out: "", err: "" });
  });
});
