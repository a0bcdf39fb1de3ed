// Where the secret root key of a command comes from.
//
// Owns: the order of the sources: --root-key, the environment, the keyring, files below ~/.aster. Does not own: reading the
// sources.

import { homedir } from "node:os";
import path from "node:path";
import { AsterError } from "../../errors.js";
import { decoded, inFile, readBytes } from "../../trust/files.js";
import { readRootKey, rootKeyOf } from "../../trust/key-files.js";
import type { RootKey } from "../../trust/keys.js";
import { CommandError, type Given, type Surroundings } from "../command.js";
import { profileInUse, readProfiles } from "../trust/profiles.js";
import { decrypt, isEncrypted } from "./encrypted.js";
import { readEntry, rootKeyEntry } from "./keyring.js";
import { passphrase } from "./passphrase.js";

/** The default file of an encrypted root key. */
export function encryptedRootKeyFile(): string {
  return path.join(homedir(), ".aster", "root.key.age");
}

/** Finds the root key. @throws {CommandError} with all places when there is none */
export async function findRootKey(given: Given, surroundings: Surroundings): Promise<RootKey> {
  const file = given.text("root-key") ?? surroundings.env?.ASTER_ROOT_KEY_FILE;
  if (file !== undefined) return readRootKeyFile(file, given, surroundings);
  const text = surroundings.env?.ASTER_ROOT_KEY;
  if (text !== undefined) return inFile("ASTER_ROOT_KEY", () => rootKeyOf(text));
  const profile = profileInUse(given, surroundings);
  const key = await ofProfile(profile, given, surroundings);
  if (key === null) {
    throw new CommandError(
      `there is no root key for profile '${profile}'. Make one with  aster keygen root  or name its file with  --root-key FILE. ` +
        "These places were searched: --root-key, ASTER_ROOT_KEY_FILE, ASTER_ROOT_KEY, the keyring of the system, " +
        "~/.aster/root.key.age, ~/.aster/root.key",
    );
  }
  const known = readProfiles().profiles.find(({ name }) => name === profile)?.rootPublicKey;
  if (known !== undefined && known !== null && known !== key.publicKey) {
    throw new CommandError(
      `the root key that was found has the public key ${key.publicKey}, but profile '${profile}' has ${known}; name the file with --root-key`,
    );
  }
  return key;
}

async function ofProfile(profile: string, given: Given, surroundings: Surroundings): Promise<RootKey | null> {
  const keyring = (await surroundings.keyring?.()) ?? null;
  const entry = await readEntry(keyring, rootKeyEntry(profile));
  if (entry !== null) return inFile("the keyring", () => rootKeyOf(entry));
  for (const file of [encryptedRootKeyFile(), path.join(homedir(), ".aster", "root.key")]) {
    try {
      return await readRootKeyFile(file, given, surroundings);
    } catch (error) {
      if (!(error instanceof AsterError && error.reason === "NO_FILE")) throw error;
    }
  }
  return null;
}

/** Reads a root key file, encrypted or not. A file that is not encrypted must have mode 0600. */
async function readRootKeyFile(file: string, given: Given, surroundings: Surroundings): Promise<RootKey> {
  const bytes = readBytes(file, "encrypted");
  if (!isEncrypted(bytes)) return readRootKey(file);
  const secret = await passphrase(given, surroundings, file, false);
  const text = await decrypt(bytes, secret, file);
  return inFile(file, () => rootKeyOf(decoded(new TextEncoder().encode(text), file)));
}
