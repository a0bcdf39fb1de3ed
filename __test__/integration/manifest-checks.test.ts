/** Stored manifests: how a server uses its project's manifest, and how a stub explains a different contract. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import {
  AsterClient,
  AsterError,
  AsterNode,
  AsterServer,
  implement,
  message,
  type Service,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { describedManifest } from "../../dist/cli/described-manifest.js";

const Query = message("shop/Query", { id: t.int });
const Item = message("shop/Item", { id: t.int, label: t.string });
const Longer = message("shop/Item", { id: t.int, label: t.string, note: t.string });
const Shop = service("Shop", {}, { get: unary(Query, Item) });
const Changed = service("Shop", {}, { get: unary(Query, Longer) });
const handlers = { get: () => ({ id: 1, label: "a" }) };
const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" } as const;

const home = process.cwd();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-manifest-"));
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  vi.stubEnv("HOME", folder);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(file: string, content: unknown): void {
  const whole = path.join(folder, file);
  mkdirSync(path.dirname(whole), { recursive: true });
  writeFileSync(whole, typeof content === "string" ? content : JSON.stringify(content));
}

const start = () => AsterServer.start({ ...local, access: "open", services: [implement(Shop, handlers)] });

async function failure(promise: Promise<unknown>): Promise<AsterError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AsterError);
  return error as AsterError;
}

describe("a server with a manifest in its project", () => {
  it("starts when the manifest matches its code", async () => {
    write(".aster/manifest.json", Shop.manifest());
    await (await start()).close();
  });

  it("does not start when the manifest does not match its code, and reports the differences", async () => {
    write(".aster/manifest.json", [Changed.manifest()]);
    const error = await failure(start());
    expect(error).toMatchObject({ codeName: "FAILED_PRECONDITION", reason: "MANIFEST_MISMATCH" });
    expect(error.message).toContain("shop/Item.note: field removed");
    expect(error.message).toContain(path.join(folder, ".aster", "manifest.json"));
    expect(error.details.get("service")).toBe("Shop");
  });

  it("does not start when only the exact schemas differ, which the manifest of `aster contract gen` contains", async () => {
    const of = (...members: [string, ...string[]]) => {
      const Color = t.enum("shop/Color", members);
      return service("Paint", {}, { get: unary(Query, message("shop/Paint", { color: Color })) });
    };
    const [older, newer] = [of("RED", "GREEN"), of("GREEN", "RED")];
    expect(older.contractId).toBe(newer.contractId);
    const painting = (offered: typeof older) =>
      AsterServer.start({
        ...local,
        access: "open",
        services: [implement(offered, { get: () => ({ color: "RED" }) })],
      });
    write(".aster/manifest.json", describedManifest(older as unknown as Service));
    await (await painting(older)).close();
    const error = await failure(painting(newer));
    expect(error).toMatchObject({ reason: "MANIFEST_MISMATCH" });
    expect(error.message).toContain("members changed from RED, GREEN to GREEN, RED");
    // A manifest without exact schemas shows no difference.
    write(".aster/manifest.json", older.manifest());
    await (await painting(newer)).close();
  });

  it("starts when the manifest contains only other services and versions", async () => {
    const second = service("Shop", { version: 2 }, { get: unary(Query, Longer) });
    write(".aster/manifest.json", [second.manifest()]);
    await (await start()).close();
  });

  it.each([
    ["is not valid JSON", "{"],
    ["is not a manifest", "[1]"],
  ])("refuses to start when the file %s", async (problem, content) => {
    write(".aster/manifest.json", content);
    const error = await failure(start());
    expect(error).toMatchObject({ reason: "MANIFEST_UNREADABLE" });
    expect(error.message).toContain(problem);
  });
});

describe("a stub for a server with other exact schemas", () => {
  it("reports them, although the project has a manifest of its own contract with the same id", async () => {
    const of = (element: typeof t.int8) =>
      service("Sizes", {}, { get: unary(Query, message("shop/Sizes", { sizes: t.list(element) })) });
    const [theirs, ours] = [of(t.int8), of(t.int32 as typeof t.int8)];
    const server = await AsterServer.start({
      ...local,
      access: "open",
      services: [implement(theirs, { get: () => ({ sizes: [1] }) })],
    });
    const connected = await AsterClient.connect(server.ticket, { relay: "disabled" });
    write(".aster/manifest.json", describedManifest(ours as unknown as Service));
    expect(() => connected.stub(ours)).toThrow("list of int8 to list of int32");
    await connected.close();
    await server.close();
  });
});

describe("a stub for a server with a different contract", () => {
  const nodes: AsterNode[] = [];
  let client: AsterClient;
  beforeAll(async () => {
    expect(process.cwd()).toBe(home);
    const server = await AsterNode.start(local);
    server.serve({ access: "open", services: [implement(Shop, handlers)] });
    const caller = await AsterNode.start(local);
    nodes.push(caller, server);
    client = await caller.connect(server.ticket);
  });
  afterAll(async () => {
    for (const node of nodes) await node.close();
  });

  const refused = (options?: { manifest?: unknown }): AsterError => {
    try {
      client.stub(Changed as Service<unknown>, options);
    } catch (error) {
      return error as AsterError;
    }
    throw new Error("the stub was made");
  };
  const difference = "shop/Item.note: field added (string)";

  it("reports both ids, and the differences without a manifest, for which it asks the server", () => {
    const error = refused();
    expect(error).toMatchObject({ reason: "CONTRACT_MISMATCH" });
    expect(error.message).toContain(Shop.contractId);
    expect(error.message).toContain(Changed.contractId);
    expect(error.details.get("diff")).toContain(difference);
  });

  it("reports the differences to a manifest that it is given", () => {
    const error = refused({ manifest: Shop.manifest() });
    expect(error.message).toContain(difference);
    expect(error.details.get("diff")).toContain(difference);
  });

  it("reports them from the manifest of the project, when that is the server's manifest", () => {
    write(".aster/manifest.json", [Changed.manifest(), Shop.manifest()]);
    expect(refused().message).toContain(difference);
  });

  it("reports them from an imported contract", () => {
    expect(homedir()).toBe(folder);
    const file = `.aster/contracts/Shop/${Shop.contractId.slice(0, 16)}.aster.json`;
    const manifest = Shop.manifest() as object;
    write(file, { ...manifest, aster_contract: "1", contract_id: `blake3:${Shop.contractId}` });
    expect(refused().message).toContain(difference);
  });

  it("does not use a manifest with another id", () => {
    write(".aster/manifest.json", Changed.manifest());
    expect(refused().details.get("diff")).toContain(difference);
  });
});
