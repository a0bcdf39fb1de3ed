/** Services of the Python reference that are called without a schema: their contract is read from what it publishes. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AsterClient } from "aster-rpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Lab, LabPostponed, pattern } from "./lab/contract.ts";
import { chunks, collect, connect } from "./support/calls.ts";
import { describeInterop, type PythonServer, startPythonServer } from "./support/python.ts";

const run = promisify(execFile);
const cli = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let server: PythonServer;
let client: AsterClient;

describeInterop("a Python server without a schema at hand", () => {
  beforeAll(async () => {
    server = await startPythonServer();
    client = await connect(server.ticket);
  });

  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  it("describes its services, with the types that its contract proves", async () => {
    const manifests = (await client.describe()) as readonly {
      readonly service: string;
      readonly contract_id: string;
      readonly types: readonly { readonly tag: string; readonly fields: unknown }[];
      readonly methods: readonly { readonly name: string; readonly exact_types: boolean }[];
    }[];
    const named = new Map(manifests.map((manifest) => [manifest.service, manifest]));
    expect([...named.keys()].sort()).toEqual(["Lab", "LabNext", "LabPostponed", "RefSession"]);
    const lab = named.get("Lab");
    expect(lab?.contract_id).toBe(Lab.contractId);
    const shape = lab?.types.find(({ tag }) => tag === "lab.v1/Shape");
    const point = lab?.types.findIndex(({ tag }) => tag === "lab.v1/Point");
    expect(shape?.fields).toContainEqual({ name: "centre", type: { optional: { message: point } } });
    expect(shape?.fields).toContainEqual({ name: "places", type: { map: ["string", { message: point }] } });
    const exact = new Map(lab?.methods.map((method) => [method.name, method.exact_types]));
    expect([exact.get("text"), exact.get("numbered"), exact.get("paint")]).toEqual([true, true, false]);
  });

  it("is called with all patterns in XLANG, and where types are not told exactly, in JSON", async () => {
    const lab = await client.dynamic("Lab");
    expect(lab.contractId).toBe(Lab.contractId);
    expect(await lab.call("text", { text: "grüße" })).toMatchObject({ text: "grüße" });
    expect(await lab.call("text")).toMatchObject({ text: "" });
    // Sets and maps with other keys than strings exist only in XLANG.
    const numbered = {
      names: new Map([[7, "seven"]]),
      tags: new Set(["a"]),
      primes: new Set([2]),
      chunks: [],
    };
    expect(await lab.call("numbered", numbered)).toMatchObject(numbered);
    const count = lab.serverStream("count", { count: 3, size: 5 });
    expect(await collect(count)).toMatchObject([0, 1, 2].map((index) => ({ index, body: pattern(5) })));
    expect(await lab.clientStream("upload", chunks(4, 2))).toMatchObject({ items: 4, in_order: true });
    const shout = lab.bidi("shout");
    await shout.send({ index: 1, body: "loud" });
    expect((await shout.next()).value).toMatchObject({ index: 1001, body: "LOUD" });
    await shout.end();
    // An enum is published as "any".
    const paint = { hue: "deep-blue", rank: 9, second: null, others: ["red"], by_name: { a: "green" } };
    expect(await lab.call("paint", paint)).toMatchObject({ hue: "deep-blue", others: ["red"] });
  });

  it("is called when response types are not part of its contract id", async () => {
    const postponed = await client.dynamic("LabPostponed");
    expect(await postponed.call("ask", { text: "abc" })).toMatchObject({ text: "cba", length: 3 });
    expect(LabPostponed.contractId).toBeDefined();
  });

  it("is called in sessions", async () => {
    const session = await client.dynamicSession("RefSession");
    expect(await session.call("add", { value: 2 })).toMatchObject({ total: 2, items: 1 });
    expect(await session.call("add", { value: 40 })).toMatchObject({ total: 42, items: 2 });
    await session.close();
  });

  it("gives code for a client, with the types that it published", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "aster-python-client-"));
    try {
      const args = [cli, "contract", "gen-client", server.ticket, "--out", folder, "--relay", "disabled"];
      const { stdout } = await run(process.execPath, args);
      expect(stdout).toMatch(/Generated 5 files/);
      expect(stdout).toMatch(/Warning: Lab v1: .*paint.* in JSON/);
      const code = readFileSync(path.join(folder, "lab-v1.ts"), "utf8");
      expect(code).toContain("centre: t.optional(Point)");
      expect(code).toContain("places: t.map(t.string, Point)");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
