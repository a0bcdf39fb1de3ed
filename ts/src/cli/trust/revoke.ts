// `aster trust revoke`: signs the next revocation list.

import { inspectCredential } from "../../trust/credentials.js";
import { inFile, readText, readTextIfThere, writeFile } from "../../trust/files.js";
import { RevocationList } from "../../trust/revocation-list.js";
import { type Given, type Result, type Surroundings, UsageError } from "../command.js";
import { findRootKey } from "../secrets/root-key.js";
import { endpointIdOf } from "./arguments.js";
import { credentialsIn } from "./documents.js";

/** Runs the command. */
export async function revoke(given: Given, surroundings: Surroundings): Promise<Result> {
  const file = given.text("list") ?? "revoked.json";
  const taken = given.texts("from").map(listIn);
  const endpointIds = [
    ...given.texts("endpoint-id").map((id) => endpointIdOf(id, "--endpoint-id")),
    ...taken.flatMap((list) => [...list.endpointIds]),
  ];
  const fingerprints = [
    ...taken.flatMap((list) => [...list.fingerprints]),
    ...given.texts("fingerprint").map((print) => endpointIdOf(print, "--fingerprint")),
    ...given.texts("credential").flatMap(fingerprintsIn),
  ];
  if (endpointIds.length + fingerprints.length === 0) {
    throw new UsageError("name what is revoked: --endpoint-id, --fingerprint, --credential or --from");
  }
  const previous = readTextIfThere(file, "revocations");
  const root = await findRootKey(given, surroundings);
  const revoked = { endpointIds, fingerprints };
  const list =
    previous === null
      ? RevocationList.sign(root, revoked)
      : inFile(file, () => RevocationList.parse(previous).next(root, revoked));
  writeFile(file, String(list), "replace");
  const { sequence } = list;
  const total = list.endpointIds.size + list.fingerprints.size;
  const lines = [
    `Revocation list ${sequence} written to: ${file}`,
    ...endpointIds.map((id) => `  node        ${id}`),
    ...fingerprints.map((id) => `  credential  ${id}`),
    `  It has ${total} ${total === 1 ? "entry" : "entries"} now.`,
  ];
  return {
    code: 0,
    text: lines.join("\n"),
    json: { list: file, sequence, endpointIds, fingerprints, total },
  };
}

/** A list of another root key, whose entries are taken over. */
function listIn(file: string): RevocationList {
  const text = readText(file, "revocations");
  return inFile(file, () => RevocationList.parse(text));
}

function fingerprintsIn(file: string): string[] {
  return credentialsIn(file).map(({ credential }) =>
    inFile(file, () => inspectCredential(credential).fingerprint),
  );
}
