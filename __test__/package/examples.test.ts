/** The examples run as their README says: two processes for billing, one for the class form, one for tables. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { credential, identityFile, newNode, newRoot, type Root } from "../unit/support/credentials.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const loader = ["--import", "tsx"];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const readsTypeScript = major > 22 || (major === 22 && minor >= 18);

interface Serving {
  readonly process: ChildProcess;
  readonly ticket: string;
  readonly lines: string[];
}

/** Starts a server. Settles when it has printed its ticket. */
async function serve(args: readonly string[], cwd = root): Promise<Serving> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const ticket = await new Promise<string>((resolve, reject) => {
    child.once("close", () => reject(new Error("the server ended without a ticket")));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const found = /^ticket\s+(\S+)/.exec(line)?.[1];
      if (found) resolve(found);
    });
  });
  return { process: child, ticket, lines };
}

async function billing(flags: readonly string[]): Promise<void> {
  const server = await serve([...flags, "examples/billing/server.ts"]);
  try {
    const client = await run(process.execPath, [...flags, "examples/billing/client.ts", server.ticket], {
      cwd: root,
    });
    expect(client.stdout).toContain("INV-2024-0117, 125.50 EUR, Payable within 14 days");
    expect(client.stdout).toContain("3: INV-2024-0117 reminded");
    expect(client.stdout).toContain("48 readings taken: kitchen 108, workshop 552");
    expect(client.stdout).toContain("お願いします");
    expect(client.stdout).toContain("NOT_FOUND (5)");
    expect(client.stdout).toMatch(/64 in flight: [1-9]\d* calls\/s/);
  } finally {
    const closed = once(server.process, "close");
    server.process.kill("SIGTERM");
    await closed;
  }
  expect(server.lines).toEqual(
    expect.arrayContaining([expect.stringContaining("the caller cancelled"), "stopped"]),
  );
  expect(server.process.exitCode).toBe(0);
}

describe("examples/billing", () => {
  it("runs in two processes with the loader", () => billing(loader));

  // Older versions of Node cannot read TypeScript.
  it.skipIf(!readsTypeScript)("runs in two processes by node alone (needs Node 22.18)", () => billing([]));
});

describe("examples/billing-classes", () => {
  it("serves and calls in class form, with the same contract id as the function form", async () => {
    const { stdout } = await run(process.execPath, [...loader, "examples/billing-classes/main.ts"], {
      cwd: root,
    });
    expect(stdout).toContain("INV-2024-0117: 12550 EUR, 2 lines");
    expect(stdout).toContain("equal in both forms: true");
  });
});

describe("examples/gated", () => {
  it("lets each client do what its credential says", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "aster-gated-"));
    const trusted = newRoot();
    writeFileSync(path.join(folder, "root.pub"), JSON.stringify({ public_key: trusted.publicKey }));
    const identity = (name: string, signer: Root, roles: string): string => {
      const node = newNode();
      const attributes = { "aster.name": name };
      const document = credential(signer, { endpointId: node.endpointId, roles, attributes });
      const file = path.join(folder, `${name}.aster-identity`);
      writeFileSync(file, identityFile(node, name, document), { mode: 0o600 });
      return file;
    };
    const script = (name: string) => path.join(root, "examples/gated", name);
    const tsx = ["--import", import.meta.resolve("tsx")];
    const server = await serve([...tsx, script("server.ts"), "root.pub"], folder);
    const ask = async (file: string): Promise<string[]> => {
      const args = [...tsx, script("client.ts"), server.ticket, file];
      const { stdout } = await run(process.execPath, args, { cwd: folder });
      return stdout.trimEnd().split("\n");
    };
    try {
      expect(await ask(identity("ada", trusted, "reader,writer"))).toEqual([
        expect.stringMatching(/^roles {4}reader, writer until 2/),
        "pin      lunch at noon (ada)",
        "read     lunch at noon (ada)",
      ]);
      expect(await ask(identity("ben", trusted, "reader"))).toEqual([
        expect.stringMatching(/^roles {4}reader until 2/),
        "pin      PERMISSION_DENIED MISSING_ROLE requires writer",
        "read     lunch at noon (ada)",
      ]);
      expect(await ask(identity("eve", newRoot(), "reader,writer"))).toEqual(["refused  NOT_ADMITTED"]);
    } finally {
      const closed = once(server.process, "close");
      server.process.kill("SIGTERM");
      await closed;
      rmSync(folder, { recursive: true, force: true });
    }
    expect(server.lines.at(-1)).toBe('admissions {"ADMITTED":2,"WRONG_ROOT":1}');
  });
});

describe("examples/rows", () => {
  it("sends a table in a call and reads one column of it", async () => {
    const { stdout } = await run(process.execPath, [...loader, "examples/rows/main.ts"], { cwd: root });
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(/^50000 sales in \d+ bytes, 1249975000 cents$/),
      "the last: sale-49999 in Zürich, note null",
      "1000 sales added, 499500 cents",
      "",
    ]);
  });
});

describe("examples/registry", () => {
  it("finds two servers by the ticket of one, and goes on when one leaves", async () => {
    const { stdout } = await run(process.execPath, [...loader, "examples/registry/main.ts"], { cwd: root });
    expect(stdout.split("\n")).toEqual([
      "2 endpoints of Weather",
      "tag south: true, ready, known by its lease",
      "21 degrees",
      "now from the south",
      "",
    ]);
  });
});

describe("examples/faults", () => {
  it("loses packets, but no call and no item", async () => {
    const { stdout } = await run(process.execPath, [...loader, "examples/faults/main.ts", "7"], {
      cwd: root,
    });
    expect(stdout.split("\n").slice(-4)).toEqual([
      expect.stringMatching(/^seed 7: [1-9]\d* packets lost$/),
      "200 orders, 0 failed, 2000 receipts",
      "broken rules: []",
      "",
    ]);
  });
});
