/** `aster contract gen-client TICKET` and `contract diff`: contracts that a live server tells, instead of a file. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { AsterServer, implement, message, type Service, service, t, unary } from "aster-rpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newRoot } from "../unit/support/credentials.ts";
import { Billing } from "./fixtures/billing.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const cli = path.join(root, "dist", "cli", "main.js");
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral", logger: silent } as const;

let folder: string;
let server: AsterServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-live-"));
  mkdirSync(path.join(folder, "node_modules"));
  symlinkSync(root, path.join(folder, "node_modules", "aster-rpc"));
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  const handlers = Object.fromEntries(Object.keys(Billing.methods).map((key) => [key, () => null]));
  const services = [implement(Billing as Service<unknown>, handlers as never)];
  server = await AsterServer.start({ services, access: "open", ...local });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command beside the server of this process, so it must not block it. */
function aster(...args: string[]): Promise<Run> {
  const env = { ...process.env, HOME: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, "contract", ...args], { cwd: folder, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}
const LOCAL = ["--relay", "disabled"];

it("gen-client writes the schemas of a live server, with the same contract id", async () => {
  const { code, err, out } = await aster("gen-client", server.ticket, "--out", "live", ...LOCAL);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/Generated 2 files/);
  const source = readFileSync(path.join(folder, "live", "billing-service-v3.ts"), "utf8");
  const ts = await import("typescript");
  const { outputText } = ts.default.transpileModule(source, {
    compilerOptions: { module: ts.default.ModuleKind.ESNext, target: ts.default.ScriptTarget.ES2022 },
  });
  const file = path.join(folder, "live", "billing-service-v3.mjs");
  writeFileSync(file, outputText);
  const made = (await import(pathToFileURL(file).href)) as { BillingService: Service<unknown> };
  expect(made.BillingService.contractId).toBe(Billing.contractId);
});

it("diff compares a live server with a file, in both directions", async () => {
  writeFileSync(path.join(folder, "same.json"), JSON.stringify(Billing.manifest()));
  const same = await aster("diff", server.ticket, "same.json", ...LOCAL);
  expect({ code: same.code, err: same.err }).toEqual({ code: 0, err: "" });
  const Ask = message("live/Ask", { n: t.int });
  const Other = service("BillingService", { version: 3 }, { other: unary(Ask, Ask) });
  writeFileSync(path.join(folder, "other.json"), JSON.stringify(Other.manifest()));
  const there = await aster("diff", server.ticket, "other.json", ...LOCAL);
  expect([there.code, there.err]).toEqual([1, ""]);
  expect(there.out).toMatch(/other/);
  const back = await aster("diff", "other.json", server.ticket, "--json", ...LOCAL);
  expect([back.code, JSON.parse(back.out).breaking]).toEqual([1, true]);
});

it("says why a server tells nothing", async () => {
  const Ask = message("live/Ask", { n: t.int });
  const gated = await AsterServer.start({
    services: [implement(service("S", {}, { ask: unary(Ask, Ask) }), { ask: (ask) => ask })],
    access: { rootPublicKey: newRoot().publicKey },
    ...local,
  });
  try {
    const refused = await aster("gen-client", gated.ticket, "--out", "no", ...LOCAL);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toMatch(/admi/i);
  } finally {
    await gated.close();
  }
  const gone = await aster("diff", "no-such-file.json", "same.json");
  expect(gone).toMatchObject({ code: 1, out: "" });
  expect(gone.err).toMatch(/no-such-file\.json: no such file/);
  const wrong = await aster("gen-client", server.ticket, "--out", "no", "--relay", "maybe");
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringContaining("--relay must be default or disabled"),
  ]);
});
