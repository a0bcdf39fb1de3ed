// `aster keygen root`, `aster keygen node` and `aster trust keygen`: makes keys.
//
// Owns: where a new key is kept. A root key goes into the keyring, into an encrypted file, or into a file that the user names;
// never into a plain file that nobody asked for.

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { writeFile } from "../../trust/files.js";
import { rootKeyText, rootPublicKeyText, writeNodeKey, writeRootKey } from "../../trust/key-files.js";
import { generateNode, generateRoot, type RootKey } from "../../trust/keys.js";
import { CommandError, type Given, type Keyring, type Result, type Surroundings } from "../command.js";
import { writeWhole } from "../contract-files.js";
import { encrypt } from "../secrets/encrypted.js";
import { readEntry, rootKeyEntry, writeEntry } from "../secrets/keyring.js";
import { passphrase } from "../secrets/passphrase.js";
import { encryptedRootKeyFile } from "../secrets/root-key.js";
import { required } from "./arguments.js";
import { changeProfiles, profileInUse, readProfiles } from "./profiles.js";

/** Where a new root key goes. */
interface Plan {
  readonly profile: string | null;
  readonly keyring: Keyring | null;
  /** The file of the secret key, or null. */
  readonly file: string | null;
  /** The file is not encrypted, because the user named it. */
  readonly isPlain: boolean;
}

/** Runs `aster keygen root`. */
export async function keygenRoot(given: Given, surroundings: Surroundings): Promise<Result> {
  const plan = await planned(given, surroundings);
  const { profile, file, isPlain } = plan;
  const publicFile = file === null ? null : publicFileOf(file);
  for (const target of [file, publicFile]) if (target !== null) refuseExisting(target);
  const secret = file === null || isPlain ? null : await passphrase(given, surroundings, file, true);
  // Before there is a key: what is wrong with the name of the profile must not leave half of the work behind.
  const lines = profile === null ? [] : prepareProfile(profile);

  const root = generateRoot();
  if (file !== null) {
    if (secret === null) writeRootKey(file, root);
    else writeFile(file, await encrypt(rootKeyText(root), secret), "create");
    lines.push(`  Private key written to: ${file}${isPlain ? "" : " (encrypted)"}`);
  }
  const inKeyring = await keepInKeyring(plan, root, surroundings);
  if (inKeyring) lines.push(`  Root private key stored in OS keyring (profile: ${profile})`);
  if (publicFile !== null) {
    writeWhole(publicFile, rootPublicKeyText(root.publicKey));
    lines.push(`  Public key written to:  ${publicFile}`);
  }
  if (profile !== null) {
    changeProfiles({ kind: "setRoot", name: profile, root: root.publicKey });
    lines.push(`  Root public key saved to profile '${profile}'`);
  }
  lines.push("", `  public_key : ${root.publicKey}`, "", KEEP);
  const { publicKey } = root;
  const encrypted = file !== null && !isPlain;
  return {
    code: 0,
    text: lines.join("\n"),
    json: { publicKey, file, encrypted, publicFile, profile, inKeyring },
  };
}

/** A file that the user names; else the keyring; else an encrypted file. With a profile the keyring in each case. */
async function planned(given: Given, surroundings: Surroundings): Promise<Plan> {
  const out = given.text("out");
  const encrypted = given.flag("encrypt");
  const usesProfile = out === undefined || given.text("profile") !== undefined;
  const profile = usesProfile ? profileInUse(given, surroundings) : null;
  const keyring = encrypted || profile === null ? null : ((await surroundings.keyring?.()) ?? null);
  if (profile !== null) await refuseSecond(profile, await readEntry(keyring, rootKeyEntry(profile)));
  const file = out ?? (keyring === null ? encryptedRootKeyFile() : null);
  return { profile, keyring, file, isPlain: out !== undefined && !encrypted };
}

/** Runs `aster trust keygen`. */
export async function trustKeygen(given: Given): Promise<Result> {
  const file = required(given, "out-key", "FILE");
  const publicFile = publicFileOf(file);
  for (const target of [file, publicFile]) refuseExisting(target);
  const root = generateRoot();
  writeRootKey(file, root);
  writeWhole(publicFile, rootPublicKeyText(root.publicKey));
  const lines = [
    `Root private key written to: ${file}`,
    `Root public key written to:  ${publicFile}`,
    `  Public key:  ${root.publicKey}`,
    KEEP,
  ];
  return { code: 0, text: lines.join("\n"), json: { publicKey: root.publicKey, file, publicFile } };
}

/** Runs `aster keygen node`. */
export async function keygenNode(given: Given): Promise<Result> {
  const file = given.text("out") ?? path.join(homedir(), ".aster", "node.key");
  refuseExisting(file);
  const node = generateNode();
  writeNodeKey(file, node);
  const lines = [
    `Node key written to: ${file}`,
    `  node_id : ${node.endpointId}`,
    "",
    "Next step: sign a credential for this node, where the root key is:",
    `  aster authorize --root-key root.key --producer-id ${node.endpointId} --out enrollment.token`,
  ];
  return { code: 0, text: lines.join("\n"), json: { endpointId: node.endpointId, file } };
}

const KEEP =
  "Keep the private key secret and offline. Share the public key with nodes that need to verify credentials.";

/** The file for the public half: `root.pub` for `root.key` and `root.key.age`. */
export function publicFileOf(file: string): string {
  const { dir, base } = path.parse(file);
  const stem = base.replace(/\.age$/, "");
  const dot = stem.lastIndexOf(".");
  return path.join(dir, `${dot > 0 ? stem.slice(0, dot) : stem}.pub`);
}

/** @throws {CommandError} when there is something under this name */
export function refuseExisting(file: string): void {
  if (existsSync(file)) throw new CommandError(`file already exists: ${file}`);
}

/** A root key in use must not be lost: its credentials could never be renewed or revoked again. */
async function refuseSecond(profile: string, entry: string | null): Promise<void> {
  const known = readProfiles().profiles.find(({ name }) => name === profile)?.rootPublicKey;
  if (entry === null && (known === undefined || known === null)) return;
  throw new CommandError(
    `profile '${profile}' already has a root key; choose another profile with --profile NAME, or write a file with --out FILE`,
  );
}

/** Puts the key into the keyring, if there is one. With a file, a keyring that does not work is a warning only. */
async function keepInKeyring(
  { keyring, profile, file }: Plan,
  root: RootKey,
  { stderr }: Surroundings,
): Promise<boolean> {
  if (keyring === null || profile === null) return false;
  try {
    await writeEntry(keyring, rootKeyEntry(profile), Buffer.from(root.toBytes()).toString("hex"));
    return true;
  } catch (error) {
    if (file === null) throw error;
    stderr.write(`Warning: ${(error as Error).message}\n`);
    return false;
  }
}

/** Makes a profile that does not exist. Returns what to print. */
function prepareProfile(name: string): string[] {
  if (readProfiles().profiles.some((profile) => profile.name === name)) return [];
  changeProfiles({ kind: "create", name });
  return [`Created profile '${name}'.`];
}
