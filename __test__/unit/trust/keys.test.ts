/** Keys in memory and in files: the secret is shown nowhere, and files of others are refused. */
import { readFileSync, statSync, symlinkSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  generateNode,
  generateRoot,
  NodeKey,
  RootKey,
  readNodeKey,
  readRootKey,
  readRootPublicKey,
  writeNodeKey,
  writeRootKey,
} from "../../../ts/src/trust/index.js";
import { PUBLIC, put, root, SEED, scratch, thrown } from "./support.ts";

const file = scratch();

describe("a secret key", () => {
  it("has the public key of its seed", () => {
    expect(root.publicKey).toBe(PUBLIC);
    expect(NodeKey.fromBytes(root.toBytes()).endpointId).toBe(PUBLIC);
    expect(Buffer.from(root.toBytes()).toString("hex")).toBe(SEED);
    expect(generateRoot().publicKey).not.toBe(generateRoot().publicKey);
    expect(generateNode().endpointId).toMatch(/^[0-9a-f]{64}$/);
  });

  it("does not change when the bytes that were given or returned change", () => {
    const bytes = Uint8Array.from(Buffer.from(SEED, "hex"));
    const key = RootKey.fromBytes(bytes);
    bytes.fill(0);
    key.toBytes().fill(0);
    expect(Buffer.from(key.toBytes()).toString("hex")).toBe(SEED);
  });

  it.each([
    ["util.inspect", (key: object) => inspect(key, { depth: 9, showHidden: true })],
    ["util.inspect of an object that has it", (key: object) => inspect({ a: [key] }, { depth: 9 })],
    ["String()", String],
    ["JSON", (key: object) => JSON.stringify({ key })],
    ["a structured clone", (key: object) => inspect(structuredClone(key), { showHidden: true })],
    ["its properties", (key: object) => inspect(Object.getOwnPropertyDescriptors(key))],
    ["a spread copy", (key: object) => inspect({ ...key }, { showHidden: true })],
    ["an error with it as a cause", (key: object) => inspect(new Error("x", { cause: key }))],
  ])("is not shown by %s", (_, show) => {
    for (const key of [root, NodeKey.fromBytes(root.toBytes())]) {
      const shown = show(key);
      const bytes = [...key.toBytes()];
      expect(shown).not.toContain(SEED.slice(0, 8));
      expect(shown).not.toContain(bytes.slice(0, 4).join(", "));
      expect(shown).not.toContain(Buffer.from(bytes).toString("base64").slice(0, 8));
    }
  });

  it("shows its public half", () => {
    expect(inspect(root)).toBe(`RootKey(${PUBLIC})`);
    expect(`${NodeKey.fromBytes(root.toBytes())}`).toBe(`NodeKey(${PUBLIC})`);
    expect(JSON.stringify(root)).toBe(`{"publicKey":"${PUBLIC}"}`);
  });

  it("has 32 bytes", () => {
    for (const bytes of [new Uint8Array(31), new Uint8Array(33), SEED, null]) {
      const error = thrown(() => RootKey.fromBytes(bytes as Uint8Array));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).not.toContain(SEED.slice(0, 8));
    }
  });
});

describe("a key file", () => {
  it("is that of the reference", () => {
    writeRootKey(file("root.key"), root);
    expect(readFileSync(file("root.key"), "utf8")).toBe(
      `{\n  "private_key": "${SEED}",\n  "public_key": "${PUBLIC}"\n}\n`,
    );
    expect(readRootKey(file("root.key")).publicKey).toBe(PUBLIC);
    writeNodeKey(file("deep/er/node.key"), NodeKey.fromBytes(root.toBytes()));
    expect(readFileSync(file("deep/er/node.key"), "utf8")).toBe(
      `{\n  "secret_key": "${SEED}",\n  "node_id": "${PUBLIC}"\n}\n`,
    );
    expect(readNodeKey(file("deep/er/node.key")).endpointId).toBe(PUBLIC);
    expect(readRootPublicKey(put(file("root.pub"), `{"public_key":"${PUBLIC}"}`, 0o644))).toBe(PUBLIC);
    expect(readRootPublicKey(put(file("hex.pub"), `${PUBLIC}\n`, 0o644))).toBe(PUBLIC);
    expect(readRootKey(put(file("hex.key"), SEED)).publicKey).toBe(PUBLIC);
  });

  it("is written with mode 0600 and never replaces a file", () => {
    writeRootKey(file("mode.key"), root);
    expect(statSync(file("mode.key")).mode & 0o777).toBe(0o600);
    const again = thrown(() => writeRootKey(file("mode.key"), generateRoot()));
    expect(again).toMatchObject({ reason: "FILE_EXISTS" });
    expect(readRootKey(file("mode.key")).publicKey).toBe(PUBLIC);
    // Not through a link that leads elsewhere either.
    symlinkSync(file("elsewhere"), file("link.key"));
    expect(thrown(() => writeRootKey(file("link.key"), root))).toMatchObject({ reason: "FILE_EXISTS" });
    expect(thrown(() => statSync(file("elsewhere")))).toMatchObject({ code: "ENOENT" });
  });

  it.skipIf(process.platform === "win32")("of others is refused, with the command that helps", () => {
    for (const mode of [0o640, 0o604, 0o620, 0o666, 0o601]) {
      const open = put(file("open.key"), SEED, mode);
      const error = thrown(() => readRootKey(open));
      expect(error).toMatchObject({ reason: "FILE_MODE" });
      expect(error.message).toContain(`chmod 600 "${open}"`);
    }
  });

  it("that is damaged is refused without its content", () => {
    const damaged: [string, string | Uint8Array, string][] = [
      ["empty", "", "MALFORMED"],
      ["truncated", `{"private_key": "${SEED.slice(0, 40)}`, "MALFORMED"],
      ["another key", `{"private_key": "${SEED}", "public_key": "${"0".repeat(64)}"}`, "MALFORMED"],
      ["no text", Uint8Array.from([0xff, 0xfe, ...Buffer.from(SEED)]), "MALFORMED"],
      ["large", " ".repeat(4097) + SEED, "FILE"],
    ];
    for (const [name, content, reason] of damaged) {
      const error = thrown(() => readRootKey(put(file("damaged.key"), content)));
      expect({ name, reason: error.reason }).toEqual({ name, reason });
      expect(error.message).toContain("damaged.key");
      expect(inspect(error)).not.toContain(SEED.slice(0, 8));
    }
    expect(thrown(() => readRootKey(file("none.key")))).toMatchObject({ reason: "NO_FILE" });
    expect(thrown(() => readRootKey(file(".")))).toMatchObject({ reason: "FILE" });
  });

  it("for which everybody can sign is no public key", () => {
    const weak = put(file("weak.pub"), "0".repeat(64), 0o644);
    expect(thrown(() => readRootPublicKey(weak))).toMatchObject({ reason: "MALFORMED" });
  });
});
