/**
 * The examples in the pages and in TSDoc are correct: blocks that name a file equal that file, the quickstart runs, every
 * other TypeScript block compiles and runs together with the other blocks of its section, and so does every `@example` of
 * ts/src.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import * as aster from "aster-rpc";
import * as testing from "aster-rpc/testing";
import * as trust from "aster-rpc/trust";
import { beforeAll, describe, expect, it } from "vitest";
import { type ENTRIES, examples, publicExports } from "./support/exports.ts";
import { type Block, blocksOf, moduleOf, type Origin } from "./support/pages.ts";
import { at, read } from "./support/tree.ts";

const run = promisify(execFile);
const pages = [
  "README.md",
  "docs/guide.md",
  "docs/errors.md",
  "docs/security.md",
  "docs/rows.md",
  "docs/testing.md",
  "docs/trust.md",
];
const blocks = [...pages.flatMap(blocksOf), ...examples()];
const folder = at(".cache", "pages");
const loader = ["--import", "tsx"];

/** The names that a contract file exports. */
const exported = (file: string) =>
  [...read(file).matchAll(/^export (?:const|class) (\w+)/gm)].map((m) => m[1] ?? "");

/** An entry of the package. */
function entry(from: keyof typeof ENTRIES, module: object): Origin {
  const values = Object.keys(module);
  const names = publicExports(from).map(({ name }) => name);
  return { from, values, types: names.filter((name) => !values.includes(name)) };
}

const origins: Origin[] = [
  entry("aster-rpc", aster),
  entry("aster-rpc/testing", testing),
  entry("aster-rpc/trust", trust),
  { from: "../../examples/billing/contract.ts", values: exported("examples/billing/contract.ts"), types: [] },
  { from: "../../examples/session/contract.ts", values: exported("examples/session/contract.ts"), types: [] },
  {
    from: "../../examples/quickstart/contract.ts",
    values: exported("examples/quickstart/contract.ts"),
    types: [],
  },
  {
    from: "../../__test__/unit/support/stage.ts",
    values: ["ticket", "server", "client", "billing", "lobby", "handlers", "books", "lossy"],
    types: [],
  },
];

/** The modules of all sections by file name, in the order of the pages. */
function modules(): Map<string, string> {
  const sections = new Map<string, Block[]>();
  for (const block of blocks) {
    if (block.language !== "ts" || block.file !== null) continue;
    const name = `${block.page}-${block.section}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    sections.set(`${name}.ts`, [...(sections.get(`${name}.ts`) ?? []), block]);
  }
  return new Map([...sections].map(([name, members]) => [name, moduleOf(members, origins)]));
}

describe("blocks that name a file", () => {
  const named = blocks.filter((block) => block.file !== null);

  it("are contract, server and client of the quickstart in the README", () => {
    const shown = named.filter(({ page }) => page === "README.md").map(({ file }) => file);
    expect(shown).toEqual(["contract", "server", "client"].map((name) => `examples/quickstart/${name}.ts`));
  });

  it.each(named.map((block) => [`${block.page}:${block.line}`, block] as const))(
    "%s equals the file",
    (_, block) => {
      expect(block.text).toBe(read(block.file ?? ""));
    },
  );
});

describe("examples/quickstart", () => {
  it("calls from one process to another, with ten statements and two imports on each side", async () => {
    const server = spawn(process.execPath, [...loader, "examples/quickstart/server.ts"], {
      cwd: at(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [ticket] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
      const client = await run(process.execPath, [...loader, "examples/quickstart/client.ts", ticket], {
        cwd: at(),
      });
      expect(client.stdout).toBe("Hello, Ada!\n");
    } finally {
      const closed = once(server, "close");
      server.kill();
      await closed;
    }
  });
});

describe("examples/workers", () => {
  it("answers from two threads", async () => {
    const { stdout } = await run(process.execPath, [...loader, "examples/workers/main.ts"], { cwd: at() });
    expect(stdout).toContain("1229 primes below 10000");
    expect(new Set(stdout.match(/thread \d+/g)).size).toBe(2);
  });
});

describe("examples/session", () => {
  it("keeps a player for each session, and ends sessions when the server stops", async () => {
    const { stdout } = await run(process.execPath, [...loader, "examples/session/main.ts"], { cwd: at() });
    expect(stdout).toContain("Ada has seat 1, Bob has seat 2\nEve waits: all seats are taken\n");
    expect(stdout).toContain("Ada played e4 d5\nAda left after 2 moves\n");
    expect(stdout).toContain("Ada is gone: closed\n");
    expect(stdout).toContain("Bob is gone: shutdown\n");
    expect(stdout).toContain("Bob's session was ended by the server: the server is draining\n");
  });
});

describe("examples/calls-back", () => {
  it("calls printers back over their connections, and refuses a client without services", async () => {
    const { stdout } = await run(process.execPath, [...loader, "examples/calls-back/main.ts"], { cwd: at() });
    expect(stdout).toContain("Ada printed 3 pages\nAda prints page 1\nAda prints page 2\nAda had 2 jobs\n");
    expect(stdout).toContain("Bob had 2 jobs\nloaded 2 pages\nloaded 2 pages\nguest: FAILED_PRECONDITION\n");
  });
});

describe("TypeScript blocks", () => {
  const files = modules();

  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of files) writeFileSync(`${folder}/${name}`, text);
    const compilerOptions = { incremental: false, noUnusedLocals: false };
    writeFileSync(
      `${folder}/tsconfig.json`,
      JSON.stringify({
        extends: "../../tsconfig.test.json",
        compilerOptions,
        include: ["*.ts"],
        exclude: [],
      }),
    );
    const steps = [...files.keys()].map((name) => `console.log("at ${name}");\nawait import("./${name}");`);
    const stage = 'import { leave } from "../../__test__/unit/support/stage.ts";';
    writeFileSync(
      `${folder}/all.ts`,
      `${[stage, ...steps].join("\n")}\nawait leave();\nconsole.log("all done");\n`,
    );
  });

  it("compile, strictly", async () => {
    const tsc = [at("node_modules", "typescript", "bin", "tsc"), "-p", folder];
    const { stdout } = await run(process.execPath, tsc).catch((error: { stdout: string }) => error);
    expect(stdout).toBe("");
  }, 60_000);

  it("run to their end", async () => {
    const { stdout } = await run(process.execPath, [...loader, `${folder}/all.ts`], { cwd: at() });
    expect(stdout).toContain("CANCELLED"); // one of the lines that the guide shows
    expect(stdout.trim().split("\n").at(-1)).toBe("all done");
  }, 60_000);
});
