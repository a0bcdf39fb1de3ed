/**
 * `aster trust revoke --push` and `aster dev keys`, with the command, a server and a client in processes of their own: the
 * list is signed by one process, and ends the call of another.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AsterClient, type AsterError, Code } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Child, child } from "./support/child.js";
import { Vault } from "./support/vault.mjs";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
let folder: string;
let server: Child;
let ticket: string;

/** Runs the command in the folder. */
function aster(line: string): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, HOME: folder } };
    execFile(process.execPath, [command, ...line.split(" ")], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

async function done(line: string) {
  const { code, out, err } = await aster(`${line} --json`);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

function start(...more: string[]): Child {
  return child("gated.mjs", ["--root", path.join(folder, "keys/root.pub"), ...more]);
}

const connect = (identityFile: string, to = ticket) =>
  AsterClient.connect(to, {
    relay: "disabled",
    credential: { identityFile: path.join(folder, identityFile) },
  });

const failure = (promise: Promise<unknown>): Promise<AsterError> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: AsterError) => error,
  );

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-revoking-"));
  await done("dev keys keys --capabilities reader");
  const identity = path.join(folder, "keys/server.aster-identity");
  server = start("--identity", identity, "--nonces", path.join(folder, "nonces"));
  ticket = (await server.line("ready")).ticket as string;
});
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe("the files of aster dev keys", () => {
  it("start a server with its endpoint id, and let the client in", async () => {
    const ready = await server.line("ready");
    const inspected = await done("trust inspect keys/server.aster-identity");
    expect(inspected.endpointId).toBe(ready.endpointId);
    const client = await connect("keys/client.aster-identity");
    expect(await client.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    await client.close();
  });

  it("are named in lines that can be copied into a program", async () => {
    const { out } = await aster("dev keys others");
    const options = Object.fromEntries(
      [...out.matchAll(/^ {2}const (\w+) = (.*);$/gm)].map(([, name, text]) => [
        name,
        new Function(`return ${text}`)(),
      ]),
    );
    expect(options).toEqual({
      server: {
        identity: { file: "others/server.aster-identity" },
        access: { rootPublicKey: { file: "others/root.pub" } },
      },
      client: { credential: { identityFile: "others/client.aster-identity" } },
    });
  });
});

describe("aster trust revoke --push", () => {
  it("signs a list and puts it in force at a running server, whose calls of that node end", async () => {
    await done(
      "enroll node --role consumer --name ada --capabilities reader --root-key keys/root.key --out ada.id",
    );
    const client = await connect("ada.id");
    const items = client.stub(Vault).watch({ n: 1 })[Symbol.asyncIterator]();
    await items.next();
    const { out, code } = await aster(
      `trust revoke --root-key keys/root.key --credential ada.id --list revoked.json --push ${ticket} --relay disabled`,
    );
    expect({ code, last: out.trim().split("\n").at(-1) }).toEqual({
      code: 0,
      last: `Revocation list 1 is in force now: server ${ticket.slice(0, 16)}...`,
    });
    expect(await failure(items.next())).toMatchObject({
      code: Code.UNAUTHENTICATED,
      reason: "CREDENTIAL_REVOKED",
    });
    expect(await server.line("aborted")).toMatchObject({ code: Code.UNAUTHENTICATED });
    expect(await failure(connect("ada.id"))).toMatchObject({ reason: "NOT_ADMITTED" });
    await client.close();
  });

  it("sends a list again without the root key, to several servers", async () => {
    const other = start();
    const second = (await other.line("ready")).ticket as string;
    expect(
      await done(`trust revoke --list revoked.json --push ${ticket} --push ${second} --relay disabled`),
    ).toEqual({
      list: "revoked.json",
      sequence: 1,
      pushes: [
        { address: ticket, isNew: false, error: null },
        { address: second, isNew: true, error: null },
      ],
    });
    expect(await failure(connect("ada.id", second))).toMatchObject({ reason: "NOT_ADMITTED" });
    await other.kill();
  });

  it("is in force after a restart of the server", async () => {
    await server.kill();
    const identity = path.join(folder, "keys/server.aster-identity");
    server = start("--identity", identity, "--nonces", path.join(folder, "nonces"));
    ticket = (await server.line("ready")).ticket as string;
    expect(await failure(connect("ada.id"))).toMatchObject({ reason: "NOT_ADMITTED" });
    const client = await connect("keys/client.aster-identity");
    await client.close();
  });

  it("fails when a server does not take the list, and names the server and the reason", async () => {
    const older = readFileSync(path.join(folder, "revoked.json"), "utf8");
    await done(
      `trust revoke --root-key keys/root.key --endpoint-id ${"ab".repeat(32)} --push ${ticket} --relay disabled`,
    );
    writeFileSync(path.join(folder, "older.json"), older);
    const push = async (file: string) => {
      const { code, out } = await aster(
        `trust revoke --list ${file} --push ${ticket} --relay disabled --json`,
      );
      return { code, error: JSON.parse(out).pushes[0].error };
    };
    expect(await push("older.json")).toEqual({
      code: 1,
      error: { message: "a newer revocation list is in force", reason: "OLDER_LIST" },
    });
    await done("keygen root --out strange.key");
    await done(`trust revoke --root-key strange.key --endpoint-id ${"cd".repeat(32)} --list strange.json`);
    expect(await push("strange.json")).toMatchObject({ code: 1, error: { reason: "LIST_REFUSED" } });
  });

  it.each([
    ["trust revoke --push", 2],
    ["trust revoke --push x --list revoked.json --relay often", 2],
    ["trust revoke --push x --list nothing.json", 1],
    ["trust revoke --push x --list revoked.json", 1],
  ])("aster %s ends with exit code %i", async (line, code) => {
    expect(await aster(line)).toMatchObject({ code });
  });
});
