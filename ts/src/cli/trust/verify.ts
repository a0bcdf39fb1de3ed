// `aster trust verify`: would a server accept this credential now? Exit code 1 when not.

import { inspectCredential } from "../../trust/credentials.js";
import { inFile } from "../../trust/files.js";
import { type Given, type Result, type Surroundings, UsageError } from "../command.js";
import { isoText, shownList } from "./arguments.js";
import { credentialIn } from "./documents.js";
import { checksOf } from "./inspect.js";
import { profileInUse, readProfiles } from "./profiles.js";

/** Runs the command. */
export async function verify(given: Given, surroundings: Surroundings): Promise<Result> {
  const [file = ""] = given.positionals;
  const checks = checksOf(given, surroundings);
  const rootPublicKey = checks.rootPublicKey ?? profileRoot(given, surroundings);
  const { name, credential, node } = credentialIn(file, given.text("peer"));
  const endpointId = checks.endpointId ?? node;
  const bound = endpointId === null ? {} : { endpointId };
  const report = inFile(file, () => inspectCredential(credential, { ...checks, rootPublicKey, ...bound }));
  const { type, faults, roles, expiresAt, fingerprint } = report;
  const json = { file, name, accepted: faults.length === 0, faults, type, roles, expiresAt, fingerprint };
  const [first] = faults;
  if (first === undefined) {
    const lines = [
      `OK: ${type} credential for ${report.endpointId ?? "every node that has it"}`,
      `  Roles:   ${shownList(roles)}`,
      `  Expires: ${isoText(expiresAt)}`,
    ];
    return { code: 0, text: lines.join("\n"), json };
  }
  return {
    code: 1,
    text: faults.map((fault) => `REFUSED: ${fault.code}: ${fault.message}`).join("\n"),
    json,
  };
}

/** The root key of the profile in use. */
function profileRoot(given: Given, surroundings: Surroundings): readonly string[] {
  const name = profileInUse(given, surroundings);
  const root = readProfiles().profiles.find((profile) => profile.name === name)?.rootPublicKey;
  if (root !== undefined && root !== null) return [root];
  throw new UsageError("name the trusted root key: --root-pubkey root.pub, or 64 hexadecimal digits");
}
