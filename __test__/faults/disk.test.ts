/**
 * A server whose disk is full, or that cannot write its files, refuses what it cannot remember, and goes on with everything else.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AsterClient, AsterError, AsterServer } from "aster-rpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { fresh, probe } from "../boundary/support/probe.mjs";
import { failureOf } from "../boundary/support/until.js";
import { Vault } from "../boundary/support/vault.mjs";
import { localClient } from "../integration/fixtures/nodes.ts";
import { credential, newRoot } from "../unit/support/credentials.ts";
import { Shim, shimProblem } from "./support/shim.js";

const root = newRoot();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-disk-"));
  writeFileSync(path.join(folder, "root.pub"), JSON.stringify({ public_key: root.publicKey }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A server by credentials with the faults of `shim`, whose files are on the disk that can be full. */
async function gated(shim: Shim): Promise<{ server: Child; ticket: string }> {
  const at = (name: string): string => path.join(shim.disk, name);
  const args = [
    "--root",
    path.join(folder, "root.pub"),
    "--nonces",
    at("nonces"),
    "--revocations",
    at("list"),
  ];
  const server = child("gated.mjs", args, [], shim.env);
  open.push({ close: () => server.kill() });
  return { server, ticket: (await server.line("ready")).ticket as string };
}

async function client(ticket: string, text: string): Promise<AsterClient> {
  const connected = await AsterClient.connect(ticket, { ...localClient, credential: text });
  open.push(connected);
  return connected;
}

const oneTime = (): string => credential(root, { type: "ott", roles: "reader" });

describe.skipIf(shimProblem !== "")("a server whose disk is full", () => {
  it("refuses one-time credentials, which it could not remember, and admits and answers all others", async () => {
    const shim = new Shim(path.join(folder, "full"));
    const { ticket } = await gated(shim);
    const before = await client(ticket, oneTime());
    const items = before.stub(Vault).watch({ n: 1 });
    await items.next();
    shim.setFull(true);
    const refused = oneTime();
    expect(await failureOf(client(ticket, refused))).toMatchObject({ codeName: "PERMISSION_DENIED" });
    const policy = await client(ticket, credential(root, { roles: "reader" }));
    expect(await policy.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    expect(await before.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    shim.setFull(false);
    const after = await client(ticket, oneTime());
    expect(await after.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    await items.return();
  });
});

describe("a file of a server that cannot be written", () => {
  it.each([
    ["nonces", { nonces: { path: "missing/folder/nonces" } }],
    ["identity", {}],
  ])("%s: the server does not start, and says which file", async (what, access) => {
    const name = path.join(folder, "no", "such", "folder", "file");
    const starting = AsterServer.start({
      ...fresh,
      ...(what === "identity" ? { identity: { file: name } } : {}),
      services: [probe()],
      access: {
        rootPublicKey: root.publicKey,
        ...(what === "nonces" ? { nonces: { path: name } } : access),
      },
    });
    const error = await failureOf(starting);
    expect(error).toBeInstanceOf(Error);
    if (error instanceof AsterError) expect(error.isLocal).toBe(true);
    expect((error as Error).message).toContain(name);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")(
    "in a folder that is read-only is an error with its name",
    async () => {
      const readOnly = mkdtempSync(path.join(folder, "read-only-"));
      chmodSync(readOnly, 0o500);
      const nonces = path.join(readOnly, "nonces");
      const access = { rootPublicKey: root.publicKey, nonces: { path: nonces } };
      const error = await failureOf(AsterServer.start({ ...fresh, services: [probe()], access }));
      expect((error as Error).message).toContain(nonces);
    },
  );
});
