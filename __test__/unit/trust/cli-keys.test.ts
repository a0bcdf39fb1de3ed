/** `aster keygen`, where a root key comes from, and `aster profile`. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { readEntry, rootKeyEntry, systemKeyring } from "../../../ts/src/cli/secrets/keyring.js";
import { readRootKey } from "../../../ts/src/trust/index.js";
import { aster, done, doneJson, home, lockedKeyring, MemoryKeyring } from "./command-line.ts";
import { PUBLIC, put, SEED } from "./support.ts";

const folder = home();
const config = path.join(folder, "home/.aster/config.toml");
let count = 0;
beforeEach(() => {
  process.env.HOME = path.join(folder, `home${count++}`);
});
const own = (name: string) => path.join(process.env.HOME ?? "", ".aster", name);
const PASSPHRASE = { ASTER_PASSPHRASE: "correct horse" };

describe("aster keygen root", () => {
  it("writes the file that is named, and its public half", async () => {
    const out = await done("keygen root --out kr.key");
    const { publicKey } = readRootKey("kr.key");
    expect(out.split("\n")).toEqual([
      "  Private key written to: kr.key",
      "  Public key written to:  kr.pub",
      "",
      `  public_key : ${publicKey}`,
      "",
      expect.stringContaining("Keep the private key secret"),
      "",
    ]);
    expect(statSync("kr.key").mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync("kr.pub", "utf8"))).toEqual({ public_key: publicKey });
    expect(existsSync(config)).toBe(false);
  });

  it("never writes over a file", async () => {
    put("taken.pub", "x");
    for (const out of ["kr.key", "taken.key"]) {
      expect(await aster(["keygen", "root", "--out", out])).toMatchObject({ code: 1, out: "" });
    }
    expect(existsSync("taken.key")).toBe(false);
    expect(readFileSync("taken.pub", "utf8")).toBe("x");
  });

  it("with a profile that cannot be makes no key", async () => {
    const { code, err } = await aster("keygen root -p a.b --out half.key".split(" "));
    expect({ code, err }).toEqual({
      code: 1,
      err: "Error: name: a profile's name has 1 to 64 letters, digits, _ or -\n",
    });
    expect(existsSync("half.key")).toBe(false);
  });

  it("without a file keeps the key in the keyring, and its public half in the profile", async () => {
    const keyring = new MemoryKeyring();
    const out = await done("keygen root -p prod", { keyring });
    expect(out).toMatch(
      /^Created profile 'prod'\.\n {2}Root private key stored in OS keyring \(profile: prod\)\n {2}Root public key saved to/,
    );
    const [[entry, secret] = ["", ""]] = [...keyring.entries];
    expect(entry).toBe("root_privkey:prod");
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(out).not.toContain(secret.slice(0, 8));
    expect(existsSync(own("root.key"))).toBe(false);
    const list = await done("profile list", { keyring });
    expect(list).toMatch(/^ {2}prod \* {2}root_pubkey=[0-9a-f]{16}\.\.\.\n$/);
    // A second root key would make the first one's credentials impossible to renew.
    expect((await aster(["keygen", "root"], { keyring })).err).toContain("already has a root key");
  });

  it("without a file and a keyring writes an encrypted file, never a plain one", async () => {
    const made = await doneJson("keygen root", { env: PASSPHRASE });
    const file = own("root.key.age");
    expect(made).toEqual({
      publicKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      file,
      encrypted: true,
      publicFile: own("root.pub"),
      profile: "default",
      inKeyring: false,
    });
    expect(readFileSync(file, "utf8")).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    expect(readFileSync(file, "utf8")).not.toContain("private_key");
    expect(existsSync(own("root.key"))).toBe(false);
    const signed = await doneJson(`authorize --producer-id ${PUBLIC}`, { env: PASSPHRASE });
    expect(await doneJson(`trust verify ${signed.file}`)).toMatchObject({ accepted: true });
  }, 60_000);

  it("without a passphrase says how to give one, and makes nothing", async () => {
    const { code, err } = await aster(["keygen", "root"]);
    expect(code).toBe(1);
    expect(err).toContain("--passphrase-file FILE, or set ASTER_PASSPHRASE");
    const short = await aster(["keygen", "root"], { env: { ASTER_PASSPHRASE: "1234567" } });
    expect(short.code).toBe(2);
    expect(existsSync(own(""))).toBe(false);
  });

  it("with a keyring that is locked fails, and with a file warns", async () => {
    const failed = await aster(["keygen", "root", "-p", "a"], { keyring: lockedKeyring });
    expect(failed).toMatchObject({ code: 1, out: "" });
    expect(failed.err).toContain("keyring of this system does not keep secrets");
    expect(await done("profile list")).toBe("  a *  root_pubkey=<no root key>\n");
    const warned = await aster(["keygen", "root", "-p", "b", "--out", "b.key"], { keyring: lockedKeyring });
    expect(warned.code).toBe(0);
    expect(warned.err).toMatch(/^Warning: /);
    const secret = Buffer.from(readRootKey("b.key").toBytes()).toString("hex");
    expect(failed.err + warned.err + warned.out).not.toContain(secret.slice(0, 8));
  });

  describe("at a terminal", () => {
    const modes: boolean[] = [];
    const at = (typed: string, out: string) => {
      const setRawMode = (mode: boolean) => modes.push(mode);
      const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
      stdin.write(typed);
      return aster(["keygen", "root", "--encrypt", "--out", out], { stdin });
    };

    it("asks for a passphrase twice and does not show it", async () => {
      const { code, err, out } = await at("correct horzz\u007f\u007fse\rcorrect horse\r", "tty.age");
      const prompts = "Passphrase for tty.age: \nThe same passphrase again: \n";
      expect({ code, err }).toEqual({ code: 0, err: prompts });
      expect(out).not.toContain("horse");
      expect(modes).toEqual([true, false, true, false]);
      const line = `authorize --producer-id ${PUBLIC} --root-key tty.age --out tty.tok`;
      await done(line, { env: { ASTER_PASSPHRASE: "correct horse" } });
    }, 60_000);

    it("refuses two that differ, and ends at Ctrl-C", async () => {
      const differ = await at("correct horse\rcorrect house\r", "no.age");
      expect(differ.err).toContain("Error: the two passphrases differ\n");
      const stopped = await at("correct\u0003", "no.age");
      expect(stopped).toMatchObject({ code: 1, out: "" });
      expect(existsSync("no.age")).toBe(false);
      expect(modes.at(-1)).toBe(false);
    });
  });
});

describe("aster keygen node and aster trust keygen", () => {
  it("write their files", async () => {
    const node = await doneJson("keygen node --out node.key");
    expect(JSON.parse(readFileSync("node.key", "utf8"))).toMatchObject({ node_id: node.endpointId });
    expect((await aster(["keygen", "producer", "--out", "node.key"])).code).toBe(1);
    expect(await done("keygen node")).toContain(`Node key written to: ${own("node.key")}\n  node_id : `);
    const out = await done("trust keygen --out-key rk/root.key");
    expect(out).toMatch(
      /^Root private key written to: rk\/root.key\nRoot public key written to: {2}rk\/root.pub\n {2}Public key: {2}[0-9a-f]{64}\nKeep/,
    );
    expect((await aster(["trust", "keygen"])).code).toBe(2);
  });
});

describe("the root key of a command", () => {
  const id = "ab".repeat(32);
  const signer = async (line: string, around: Parameters<typeof aster>[1] = {}) => {
    await done(`authorize --producer-id ${id} --out signed.tok ${line}`.trim(), around);
    return JSON.parse(readFileSync("signed.tok", "utf8")).root_pubkey as string;
  };
  const seed = (byte: string) => byte.repeat(32);
  const publicOf = async (byte: string) => {
    put(`${byte}.key`, seed(byte));
    return readRootKey(`${byte}.key`).publicKey;
  };

  it("comes from --root-key, the environment, the keyring, and files in ~/.aster, in this order", async () => {
    const keyring = new MemoryKeyring();
    const env: Record<string, string> = {};
    await done("profile create default");
    put(own("root.key"), seed("05"));
    expect(await signer("", { env, keyring })).toBe(await publicOf("05"));
    const age = await doneJson("keygen root --encrypt --out enc.age", { env: PASSPHRASE });
    put(own("root.key.age"), readFileSync("enc.age"), 0o644);
    expect(await signer("", { env: { ...env, ...PASSPHRASE }, keyring })).toBe(age.publicKey);
    keyring.entries.set("root_privkey:default", seed("04"));
    expect(await signer("", { env, keyring })).toBe(await publicOf("04"));
    env.ASTER_ROOT_KEY = seed("03");
    expect(await signer("", { env, keyring })).toBe(await publicOf("03"));
    await publicOf("02");
    env.ASTER_ROOT_KEY_FILE = "02.key";
    expect(await signer("", { env, keyring })).toBe(await publicOf("02"));
    await publicOf("01");
    expect(await signer("--root-key 01.key", { env, keyring })).toBe(await publicOf("01"));
    keyring.entries.set("root_privkey:other", seed("06"));
    expect(await signer("-p other", { env: {}, keyring })).toBe(await publicOf("06"));
    expect(await signer("", { env: { ASTER_PROFILE: "other" }, keyring })).toBe(await publicOf("06"));
  }, 60_000);

  it("that is missing is an error with all places", async () => {
    const { code, err } = await aster(["authorize", "--producer-id", id], { keyring: lockedKeyring });
    expect(code).toBe(1);
    for (const place of ["--root-key", "ASTER_ROOT_KEY", "keyring", "~/.aster/root.key.age", "keygen root"]) {
      expect(err).toContain(place);
    }
  });

  it("that is not the one of the profile is refused", async () => {
    await done("keygen root -p prod --out prod.key", { keyring: null });
    put(own("root.key"), seed("05"));
    const { code, err } = await aster(["authorize", "--producer-id", id]);
    expect(code).toBe(1);
    expect(err).toContain("profile 'prod' has");
    expect(await signer("--root-key 01.key")).toBe(await publicOf("01"));
  });

  it.skipIf(process.platform === "win32")("in a file that others may read is refused", async () => {
    put("open.key", SEED, 0o644);
    const { code, err } = await aster(["authorize", "--producer-id", id, "--root-key", "open.key"]);
    expect(code).toBe(1);
    expect(err).toBe('Error: "open.key" is a secret and has mode 0644: run  chmod 600 "open.key"\n');
    chmodSync("open.key", 0o600);
    expect(await signer("--root-key open.key")).toBe(PUBLIC);
  });

  it("that is encrypted needs its passphrase", async () => {
    put("pass", "correct horse\n");
    await done("keygen root --encrypt --out sealed.age --passphrase-file pass");
    expect(await signer("--root-key sealed.age --passphrase-file pass")).toMatch(/^[0-9a-f]{64}$/);
    const sign = ["authorize", "--producer-id", id, "--root-key", "sealed.age"];
    const wrong = await aster(sign, { env: { ASTER_PASSPHRASE: "wrong horse" } });
    expect(wrong).toMatchObject({ code: 1, out: "" });
    expect(wrong.err).toBe(
      "Error: sealed.age cannot be decrypted: the passphrase is wrong, or the file is damaged\n",
    );
    expect((await aster(sign)).err).toContain("there is no terminal to ask");
    const text = readFileSync("sealed.age", "utf8");
    writeFileSync("cut.age", text.slice(0, -60));
    const cut = await aster([...sign.slice(0, -1), "cut.age", "--passphrase-file", "pass"]);
    expect(cut.err).toContain("cut.age cannot be decrypted");
  }, 60_000);
});

describe("the keyring of the system", () => {
  it("has no entry that nobody wrote, also where it does not run", async () => {
    const keyring = await systemKeyring();
    expect(keyring).not.toBeNull();
    expect(await readEntry(keyring, rootKeyEntry("a profile that no test creates"))).toBeNull();
  });
});

describe("aster profile", () => {
  it("keeps profiles in the file of the reference", async () => {
    expect(await done("profile list")).toBe("No profiles configured. Run: aster profile create <name>\n");
    expect(await done("profile create p1")).toBe("Created profile 'p1'.\n  (set as active profile)\n");
    expect(await done("profile create p2")).toBe("Created profile 'p2'.\n");
    expect(await done("profile use p2")).toBe("Active profile set to 'p2'.\n");
    expect(await done("profile list")).toBe(
      "  p1  root_pubkey=<no root key>\n  p2 *  root_pubkey=<no root key>\n",
    );
    expect(await done("profile show")).toBe(
      "Profile: p2 (active)\n  root_pubkey: <not set>\n  root_privkey: <keyring not available>\n",
    );
    expect(await done("profile delete p2 --yes")).toBe("Deleted profile 'p2'.\n");
    expect(await doneJson("profile list")).toEqual({
      active: "p1",
      profiles: [{ name: "p1", rootPublicKey: null, active: true }],
    });
    expect(readFileSync(own("config.toml"), "utf8")).toBe('active_profile = "p1"\n\n[profiles.p1]\n');
  });

  it("asks before it deletes, also the key in the keyring", async () => {
    const keyring = new MemoryKeyring();
    await done("keygen root -p gone", { keyring });
    expect(await done("profile show gone", { keyring })).toContain("root_privkey: ****... (in keyring)\n");
    const answer = (text: string) => ({ keyring, stdin: Readable.from([text]) });
    expect(await done("profile delete gone", answer("n\n"))).toBe("Cancelled.\n");
    expect(await done("profile delete gone", answer(""))).toBe("Cancelled.\n");
    expect(keyring.entries.size).toBe(1);
    expect(await done("profile delete gone", answer("y\n"))).toBe("Deleted profile 'gone'.\n");
    expect(keyring.entries.size).toBe(0);
  });

  it("that does not exist, or exists, is an error", async () => {
    await done("profile create p1");
    for (const [line, err] of [
      ["profile create p1", "Error: profile 'p1' already exists.\n"],
      ["profile use p3", "Error: profile 'p3' does not exist.\n"],
      ["profile show p3", "Error: profile 'p3' does not exist.\n"],
      ["profile delete p3 -y", "Error: profile 'p3' does not exist.\n"],
    ] as const) {
      expect(await aster(line.split(" "))).toEqual({ code: 1, out: "", err });
    }
    expect((await aster(["profile", "create", "a.b"])).code).toBe(1);
  });

  it("is named first where there are several", async () => {
    await done("profile create p1");
    await done("profile create p2");
    const { err } = await aster(["authorize", "--producer-id", "ab".repeat(32)]);
    expect(err).toMatch(/^\[profile: p1\]\nError: there is no root key for profile 'p1'/);
  });
});
