// The keyring of the operating system.
//
// Owns: loading the optional package `@napi-rs/keyring`, and the entry of a root key, which is that of the Python command
// line. Does not own: when the keyring is used (root-key.ts).

import { CommandError, type Keyring } from "../command.js";

const SERVICE = "aster";

/** The entry of the root key of a profile. */
export function rootKeyEntry(profile: string): string {
  return `root_privkey:${profile}`;
}

/** The keyring of this machine, or null when the optional package is not installed. */
export async function systemKeyring(): Promise<Keyring | null> {
  const module = await import("@napi-rs/keyring").catch(() => null);
  if (module === null) return null;
  // On Linux the package falls back to the keyring of the kernel, which forgets everything when the machine restarts. A root
  // key would be lost.
  const options = { linux: { store: "secret-service" } } as const;
  const at = (entry: string) => new module.AsyncEntry(SERVICE, entry, options);
  return {
    get: async (entry) => (await at(entry).getPassword()) ?? null,
    set: async (entry, secret) => at(entry).setPassword(secret),
    delete: async (entry) => {
      await at(entry).deletePassword();
    },
  };
}

/** Reads an entry. A keyring that does not work has none. */
export async function readEntry(keyring: Keyring | null, entry: string): Promise<string | null> {
  try {
    return keyring === null ? null : await keyring.get(entry);
  } catch {
    return null;
  }
}

/** Writes an entry, and reads it again: some keyrings accept everything and keep nothing. */
export async function writeEntry(keyring: Keyring, entry: string, secret: string): Promise<void> {
  try {
    await keyring.set(entry, secret);
    if ((await keyring.get(entry)) === secret) return;
  } catch {
    // The error of a keyring may contain what it was asked to keep.
  }
  throw new CommandError("the keyring of this system does not keep secrets; use --out FILE, or --encrypt");
}
