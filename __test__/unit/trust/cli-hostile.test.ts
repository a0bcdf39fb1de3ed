/** Files that an attacker or an accident made: every command refuses them, quickly, and shows nothing that controls a terminal. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  createRequest,
  generateNode,
  generateRoot,
  signCredential,
  writeIdentity,
} from "../../../ts/src/trust/index.js";
import { aster, done, home } from "./command-line.ts";
import { put } from "./support.ts";

home();
const ID = "ab".repeat(32);
const ESCAPE = "\u001b[2J\u009b31m\u202e";
const HOSTILE = ["empty", "huge", "bytes", "cut.json", "list.json", "deep.json", "folder", "missing", "nul"];

/** Every command that reads a file, with `@` in its place. */
const READERS = [
  "trust inspect @",
  "trust verify @ --root-pubkey root.pub",
  "trust verify good.cred --root-pubkey @",
  "trust verify good.cred --root-pubkey root.pub --revocations @",
  "trust install @ --identity good.id",
  "trust install good.cred --identity @",
  "trust sign @ --root-key root.key --as-requested --out never",
  "trust sign --root-key @ --type policy --out never",
  `authorize --root-key @ --producer-id ${ID} --out never`,
  "enroll node --role consumer --name n --root-key @ --out never",
  `trust revoke --root-key root.key --list never --credential @`,
  `trust revoke --root-key root.key --list never --from @`,
  "trust rotate root @ --old-root-pubkey root.pub --root-key new.key",
  "trust rotate node --identity @ --out never",
];

beforeAll(async () => {
  await done("trust keygen --out-key root.key");
  await done("trust keygen --out-key new.key");
  await done("trust request --name n --identity good.id --out good.request.json");
  await done("trust sign good.request.json --root-key root.key --as-requested --out good.cred");
  const credential = readFileSync("good.cred", "utf8");
  put("empty", "");
  put("huge", Buffer.alloc(9 << 20, 0x20));
  put("bytes", Uint8Array.from([0x7b, 0xff, 0xfe, 0x80, 0x22]));
  put("cut.json", credential.slice(0, 200));
  put("list.json", "[]");
  put("deep.json", `{"root_pubkey":${"[".repeat(50_000)}`);
  put("nul", "\0\0\0");
  mkdirSync("folder");
});

describe("a file that is not what it should be", () => {
  it.each(READERS)("is refused by aster %s", async (line) => {
    for (const file of HOSTILE) {
      const { code, out, err } = await aster(line.replace("@", file).split(" "));
      expect({ file, code: code === 0 ? 0 : 1, out }).toEqual({ file, code: 1, out: "" });
      expect(err.length).toBeLessThan(3000);
      expect(err).toMatch(/^Error: /);
      expect(err).not.toContain("    at ");
    }
  });

  it("changes no file", () => {
    expect(() => readFileSync("never")).toThrow("ENOENT");
  });

  // A pipe has no end until another program closes it.
  it.skipIf(process.platform === "win32")("may be a pipe, which nobody waits for", async () => {
    execFileSync("mkfifo", ["pipe"]);
    for (const line of READERS) {
      const { code, err } = await aster(line.replace("@", "pipe").split(" "));
      expect({ line, failed: code !== 0, err: err.includes("is not a file") }).toEqual({
        line,
        failed: true,
        err: true,
      });
    }
  });
});

describe.skipIf(process.platform === "win32")("a secret that others may read", () => {
  it.each([
    "trust inspect @.key",
    "trust inspect @.id",
    "trust sign --root-key @.key --type policy --out never",
    "trust install good.cred --identity @.id",
    "trust request --name n --identity @.id --out never",
    "enroll node --role consumer --name n --root-key root.key --identity @.id",
    "trust rotate node --identity @.id --out never",
    "keygen root --out never --encrypt --passphrase-file @.key",
  ])("is refused by aster %s, with the command that helps", async (line) => {
    put("open.key", readFileSync("root.key"), 0o644);
    put("open.id", readFileSync("good.id"), 0o640);
    const { code, out, err } = await aster(line.replace("@", "open").split(" "));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/run {2}chmod 600 "open\.(key|id)"\n$/);
  });

  it("is refused behind a link too", async () => {
    put("open.key", readFileSync("root.key"), 0o644);
    symlinkSync("open.key", "link.key");
    const { err } = await aster("trust sign --root-key link.key --type policy --out never".split(" "));
    expect(err).toContain('"link.key" is a secret and has mode 0644');
  });
});

describe("a link", () => {
  it("in the place of a new file is not followed", async () => {
    symlinkSync("target", "new-link.key");
    for (const line of ["keygen root --out new-link.key", "keygen node --out new-link.key"]) {
      expect((await aster(line.split(" "))).code).toBe(1);
    }
    symlinkSync("target", "out.cred");
    await done("trust sign good.request.json --root-key root.key --as-requested --out out.cred");
    expect(() => readFileSync("target")).toThrow("ENOENT");
    expect(readFileSync("out.cred", "utf8")).toContain("signature");
  });
});

describe("a text from a file", () => {
  it("cannot forge a line of output", async () => {
    const [root, node] = [generateRoot(), generateNode()];
    const forged = "ops\nOK: forged";
    const attributes = { "aster.role": forged, "aster.name": forged, [forged]: forged };
    const expiresAt = new Date(Date.now() + 60_000);
    const credential = signCredential({ root, endpointId: node.endpointId, attributes, expiresAt });
    put("forged.cred", credential);
    put("forged.request.json", createRequest({ node, name: forged, attributes, lifetimeMs: 60_000 }));
    writeIdentity("forged.id", { node, credentials: [{ name: forged, credential }] });
    for (const line of [
      "trust inspect forged.cred",
      "trust inspect forged.request.json",
      "trust inspect forged.id",
      `trust verify forged.id --root-pubkey ${root.publicKey}`,
      `trust verify forged.id --root-pubkey ${root.publicKey} --peer nobody`,
      "trust sign forged.request.json --root-key root.key",
      "trust sign forged.request.json --root-key root.key --as-requested --out forged.out",
      "trust install forged.cred --identity forged.id",
      "trust rotate root forged.id --old-root-pubkey root.pub --root-key new.key",
    ]) {
      const { out, err } = await aster(line.split(" "));
      expect(out + err).not.toMatch(/^OK: forged/m);
      expect(out + err).toContain("forged");
    }
  });

  it("cannot control the terminal", async () => {
    const [root, node] = [generateRoot(), generateNode()];
    const attributes = { [`a${ESCAPE}`]: ESCAPE, "aster.role": `r${ESCAPE}` };
    const expiresAt = new Date(Date.now() + 60_000);
    const credential = signCredential({ root, endpointId: node.endpointId, attributes, expiresAt });
    put("ugly.cred", credential);
    put("ugly.request.json", createRequest({ node, name: `n${ESCAPE}`, attributes, lifetimeMs: 60_000 }));
    writeIdentity("ugly.id", { node, credentials: [{ name: `n${ESCAPE}`, credential }] });
    put("ugly2.id", '[[peers]]\nname = "x\\u001b[2J"\nrole = "y\\u001b[2J"\n');
    for (const line of [
      "trust inspect ugly.cred",
      "trust inspect ugly.request.json",
      "trust inspect ugly.id",
      "trust inspect ugly2.id",
      `trust verify ugly.id --root-pubkey ${root.publicKey}`,
      "trust sign ugly.request.json --root-key root.key",
      "trust sign ugly.request.json --root-key root.key --as-requested --out ugly.out",
      "trust install ugly.cred --identity ugly.id",
      "trust verify ugly.id --root-pubkey root.pub --peer nobody",
      "trust rotate root ugly.id --old-root-pubkey root.pub --root-key new.key",
      `trust inspect missing${ESCAPE}`,
    ]) {
      const { out, err } = await aster(line.split(" "));
      expect({ line, text: out + err }).toEqual({ line, text: expect.stringMatching(/^[\n -~]+$/) });
    }
  });
});
