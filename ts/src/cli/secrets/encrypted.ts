// Key files that a passphrase encrypts, in the format of age (docs/adr/0016-encrypted-key-files.md).
//
// Owns: loading the optional package `age-encryption`, and telling such files from others. Does not own: where the
// passphrase comes from (passphrase.ts).

import { CommandError } from "../command.js";

const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";
const BINARY = "age-encryption.org/";

/** True for a file in the format of age, as text or in binary. */
export function isEncrypted(bytes: Uint8Array): boolean {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 64)).trimStart();
  return start.startsWith(ARMOR) || start.startsWith(BINARY);
}

/** Encrypts a text with a passphrase. Returns the file as text. */
export async function encrypt(text: string, passphrase: string): Promise<string> {
  const { armor, Encrypter } = await age();
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  return `${armor.encode(await encrypter.encrypt(text)).trimEnd()}\n`;
}

/** Decrypts a file. @throws {CommandError} for a wrong passphrase, and for a damaged file */
export async function decrypt(bytes: Uint8Array, passphrase: string, file: string): Promise<string> {
  const { armor, Decrypter } = await age();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    const text = new TextDecoder().decode(bytes);
    const content = text.trimStart().startsWith(ARMOR) ? armor.decode(text) : bytes;
    return await decrypter.decrypt(content, "text");
  } catch {
    // The text of the cause may contain parts of the file.
    throw new CommandError(`${file} cannot be decrypted: the passphrase is wrong, or the file is damaged`);
  }
}

async function age(): Promise<typeof import("age-encryption")> {
  try {
    return await import("age-encryption");
  } catch {
    throw new CommandError(
      "encrypted key files need the package age-encryption beside aster-rpc: npm install age-encryption",
    );
  }
}
