/** The examples run as their README says: two processes for billing, one for the class form, one for tables. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

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

/** Starts the billing server. Settles when it has printed its ticket. */
async function serve(flags: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, [...flags, "examples/billing/server.ts"], {
    cwd: root,
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
  const server = await serve(flags);
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
