/** The registry together with the Python reference: each side reads what the other published. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AsterNode, AsterServer, implement, message, service, t, unary } from "aster-rpc";
import { afterEach, expect, it } from "vitest";
import { local } from "../integration/fixtures/nodes.ts";
import { newRoot } from "../unit/support/credentials.ts";
import { describeInterop, startPythonServer } from "./support/python.ts";

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const Ask = message("registryinterop/Ask", { n: t.int, note: t.optional(t.string) });
const Told = message("registryinterop/Told", { from: t.string });
const Depot = service("Depot", { version: 3 }, { where: unary(Ask, Told) });
const depot = implement(Depot, { where: () => ({ from: "node" }) });

const PATIENCE_MS = 90_000;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
function kept<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one);
  return one;
}

async function python(...args: string[]): Promise<string> {
  const environment = { ...process.env, ASTER_RELAY_MODE: "disabled" };
  const script = [here("./python/registry.py"), ...args];
  const { stdout } = await run(here("./.venv/bin/python"), script, { env: environment, timeout: 80_000 });
  return stdout;
}

interface Read {
  readonly namespace: string;
  readonly services: readonly {
    readonly name: string;
    readonly contractId: string;
    readonly reference: { readonly contract_id: string; readonly collection_format: string };
    readonly manifest: string;
    readonly version: string;
    readonly lease: Readonly<Record<string, unknown>>;
    readonly files: Readonly<Record<string, string>>;
  }[];
}

describeInterop("what a server of this library publishes", () => {
  it(
    "is read by the reference: pointers, manifest, collection, lease",
    async () => {
      const server = kept(
        await AsterServer.start({
          services: [depot],
          access: "open",
          tags: ["eu"],
          channel: "stable",
          ...local,
        }),
      );
      const read = JSON.parse(await python("read", server.ticket)) as Read;
      expect(read.namespace).toMatch(/^[0-9a-f]{64}$/);
      const [one] = read.services;
      expect(read.services).toHaveLength(1);
      expect(one?.contractId).toBe(Depot.contractId);
      expect(one?.version).toBe(Depot.contractId);
      expect(one?.reference).toMatchObject({ contract_id: Depot.contractId, collection_format: "index" });
      expect(JSON.parse(one?.manifest ?? "")).toEqual(Depot.manifest());
      const files = one?.files ?? {};
      expect(Buffer.from(files["manifest.json"] ?? "", "hex").toString()).toBe(one?.manifest);
      const types = Object.keys(files).filter((name) => name.startsWith("types/"));
      expect(Object.keys(files)).toEqual(["contract.bin", ...types, "manifest.json"]);
      expect(types).toHaveLength(2);
      expect(one?.lease).toMatchObject({
        endpoint_id: server.endpointId,
        contract_id: Depot.contractId,
        service: "Depot",
        version: 3,
        alpn: "aster/1",
        serialization_modes: ["fory-xlang"],
        health_status: "ready",
        tags: ["eu"],
      });
    },
    PATIENCE_MS,
  );

  it(
    "is enough for the client generator of the reference",
    async () => {
      const server = kept(await AsterServer.start({ services: [depot], access: "open", ...local }));
      const folder = mkdtempSync(path.join(tmpdir(), "aster-registry-interop-"));
      try {
        expect(await python("gen-client", server.ticket, folder)).toMatch(/Generated \d+ files/);
        const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) =>
          file.isFile(),
        );
        const text = files
          .map((file) => readFileSync(path.join(file.parentPath, file.name), "utf8"))
          .join("\n");
        expect(text).toContain("Depot");
        expect(text).toContain("where");
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    PATIENCE_MS,
  );

  it(
    "is not given to a peer that is not admitted",
    async () => {
      const access = { rootPublicKey: newRoot().publicKey } as const;
      const server = kept(await AsterServer.start({ services: [depot], access, ...local }));
      const refused = JSON.parse(await python("refused", server.ticket, "ab".repeat(32))) as Record<
        string,
        unknown
      >;
      expect(refused).toMatchObject({ admitted: false, entries: 0 });
      expect(refused.blob).toContain("Unable to download");
    },
    PATIENCE_MS,
  );
});

describeInterop("what a server of the reference publishes", () => {
  it(
    "is found by its ticket, with its manifests",
    async () => {
      const server = await startPythonServer();
      try {
        const node = kept(await AsterNode.start({ registry: { join: [server.ticket] }, ...local }));
        const [found] = await node.registry.resolve("Lab", { version: 1 });
        expect(found).toMatchObject({
          endpointId: server.endpointId,
          version: 1,
          source: "ticket",
          health: "ready",
        });
        const manifest = await node.registry.manifest(found?.contractId ?? "");
        expect(manifest).toMatchObject({ service: "Lab", version: 1, contract_id: found?.contractId });
        const client = kept(await node.connect({ service: "Lab", version: 1 }));
        expect(client.endpoints).toEqual([server.endpointId]);
      } finally {
        await server.stop();
      }
    },
    PATIENCE_MS,
  );
});
