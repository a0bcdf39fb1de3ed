// The files of keys and credentials: which kind a file is, and the credentials in it.
//
// Owns: telling the kinds apart by their content. Does not own: reading a kind (`trust/`, Rust).

import { decoded, readBytes, readText } from "../../trust/files.js";
import { readIdentity } from "../../trust/identity-file.js";
import { CommandError } from "../command.js";
import { isEncrypted } from "../secrets/encrypted.js";
import { pickEntry, shown } from "./arguments.js";

/** The kinds of files. */
export type DocumentKind =
  | "encrypted"
  | "identity"
  | "request"
  | "revocations"
  | "rootKey"
  | "nodeKey"
  | "publicKey"
  | "credential"
  | "hex";

/** The members by which kinds of JSON are told apart. What has none of them can only be a credential. */
const MEMBERS = [
  ["aster_signing_request", "request"],
  ["aster_revocation_list", "revocations"],
  ["private_key", "rootKey"],
  ["secret_key", "nodeKey"],
  ["root_pubkey", "credential"],
  ["public_key", "publicKey"],
] as const;

/** Tells which kind a file is. @throws {CommandError} when it is none */
export function kindOf(file: string): DocumentKind {
  const bytes = readBytes(file, "revocations");
  if (isEncrypted(bytes)) return "encrypted";
  const text = decoded(bytes, file).trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return "hex";
  if (text === "") throw new CommandError(`${file} is empty`);
  if (!text.startsWith("{")) return "identity";
  let value: object;
  try {
    value = JSON.parse(text) as object;
  } catch {
    // The text of the cause would show a part of the file.
    throw new CommandError(`${file} is not JSON`);
  }
  const found = MEMBERS.find(([member]) => Object.hasOwn(value, member));
  if (found === undefined) throw new CommandError(`${file} is not a key, a credential, a request or a list`);
  return found[1];
}

/** A credential of a file. */
export interface FoundCredential {
  /** Its label, in an identity file. */
  readonly name: string | null;
  /** The text of the credential file. */
  readonly credential: string;
  /** The endpoint id of the identity file's node. */
  readonly node: string | null;
}

/** The credentials of a credential file or an identity file. @throws {CommandError} when one cannot be read */
export function credentialsIn(file: string): readonly FoundCredential[] {
  const kind = kindOf(file);
  if (kind === "credential") return [{ name: null, credential: readText(file, "credential"), node: null }];
  if (kind !== "identity") throw new CommandError(`${file} has no credential`);
  const { node, entries } = readIdentity(file);
  if (entries.length === 0) throw new CommandError(`${file} has no credential`);
  return entries.map(({ name, credential, problem }) => {
    if (credential === null) throw new CommandError(`${file}: credential ${shown(name ?? "")}: ${problem}`);
    return { name, credential, node: node?.endpointId ?? null };
  });
}

/** The credential of a file: the only one, the one with a name, or the first one. */
export function credentialIn(file: string, name: string | undefined): FoundCredential {
  return pickEntry(credentialsIn(file), name, file);
}
