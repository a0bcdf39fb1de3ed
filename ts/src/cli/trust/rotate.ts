// `aster trust rotate node` and `aster trust rotate root`: replaces keys.
//
// A node gets a new key in a new file, with requests for the credentials that it has: both keys count until the old one is
// revoked. A new root key signs what the old one signed: servers trust both until all credentials are renewed.

import { type CredentialChecks, inspectCredential, signCredential } from "../../trust/credentials.js";
import { inFile, readText, writeFile } from "../../trust/files.js";
import { writeIdentity } from "../../trust/identity-file.js";
import { generateNode, type RootKey } from "../../trust/keys.js";
import { createRequest } from "../../trust/requests.js";
import { CommandError, type Given, type Result, type Surroundings, UsageError } from "../command.js";
import { writeWhole } from "../contract-files.js";
import { findRootKey } from "../secrets/root-key.js";
import { isoText, lifetimeMs, required, rootPublicKeyOf, shown } from "./arguments.js";
import { credentialIn, credentialsIn, type FoundCredential, kindOf } from "./documents.js";
import { refuseExisting } from "./keygen.js";

/** Runs `aster trust rotate node`. */
export async function rotateNode(given: Given): Promise<Result> {
  const identity = given.text("identity") ?? ".aster-identity";
  const out = required(given, "out", "FILE");
  const found = credentialIn(identity, given.text("peer"));
  if (found.node === null) throw new CommandError(`${identity} has no node key`);
  const name = found.name ?? "node";
  const request = given.text("request") ?? `${out}.request.json`;
  for (const target of [out, request]) refuseExisting(target);
  const { type, attributes } = inFile(identity, () => inspectCredential(found.credential));
  const node = generateNode();
  const { "aster.not_before": _, ...kept } = Object.fromEntries(attributes);
  const asked = createRequest({ node, name, type, attributes: kept, lifetimeMs: lifetimeMs(given) });
  writeIdentity(out, { node });
  writeWhole(request, asked);
  const lines = [
    `New node key written to:    ${out}`,
    `Signing request written to: ${request}`,
    `  Old node: ${found.node}`,
    `  New node: ${node.endpointId}`,
    "",
    "Next: sign the request, install the credential, start the node with the new file, and then revoke the old node:",
    `  aster trust revoke --endpoint-id ${found.node}`,
  ];
  const json = { identity: out, request, oldEndpointId: found.node, endpointId: node.endpointId };
  return { code: 0, text: lines.join("\n"), json };
}

/** Runs `aster trust rotate root`. */
export async function rotateRoot(given: Given, surroundings: Surroundings): Promise<Result> {
  const old = rootPublicKeyOf(required(given, "old-root-pubkey", "FILE"));
  const files = given.positionals;
  const root = await findRootKey(given, surroundings);
  const lists = given.texts("revocations").map((file) => readText(file, "revocations"));
  if (root.publicKey === old) throw new UsageError("--root-key is the old root key; name the new one");
  const renewed = files.map((file) => ({
    file,
    outcomes: credentialsIn(file).map((found) =>
      renew(found, { rootPublicKey: old, revocations: lists }, root, given),
    ),
  }));
  for (const { file, outcomes } of renewed) rewrite(file, outcomes);
  const all = renewed.flatMap(({ file, outcomes }) => outcomes.map((outcome) => ({ file, ...outcome })));
  const lines = all.map(({ file, name, expiresAt, problem }) => {
    const which = name === null ? file : `${file} (${shown(name)})`;
    return problem === null
      ? `Renewed: ${which}, until ${isoText(expiresAt)}`
      : `NOT RENEWED: ${which}: ${problem}`;
  });
  return {
    code: all.every(({ problem }) => problem === null) ? 0 : 1,
    text: lines.join("\n"),
    json: { rootPublicKey: root.publicKey, credentials: all.map(({ credential: _, ...facts }) => facts) },
  };
}

interface Renewed {
  readonly name: string | null;
  readonly credential: string;
  readonly expiresAt: Date;
  /** Why it was not renewed, or null. */
  readonly problem: string | null;
}

/** Signs what the old root key signed. What would be refused today is not renewed. */
function renew(
  { name, credential }: FoundCredential,
  checks: CredentialChecks,
  root: RootKey,
  given: Given,
): Renewed {
  const { type, endpointId, attributes, expiresAt, faults } = inspectCredential(credential, checks);
  const [fault] = faults.filter(({ code }) => code !== "NOT_YET_VALID");
  if (fault !== undefined) return { name, credential, expiresAt, problem: fault.message };
  const until = given.text("expires") === undefined ? expiresAt : new Date(Date.now() + lifetimeMs(given));
  const fresh = signCredential({
    root,
    type,
    endpointId,
    attributes: Object.fromEntries(attributes),
    expiresAt: until,
  });
  return { name, credential: fresh, expiresAt: inspectCredential(fresh).expiresAt, problem: null };
}

function rewrite(file: string, outcomes: readonly Renewed[]): void {
  const changed = outcomes.filter(({ problem }) => problem === null);
  if (changed.length === 0) return;
  if (kindOf(file) === "identity") {
    const credentials = changed.map(({ name, credential }) => ({ name: name ?? "node", credential }));
    writeIdentity(file, { credentials });
  } else for (const { credential } of changed) writeFile(file, credential, "replace");
}
