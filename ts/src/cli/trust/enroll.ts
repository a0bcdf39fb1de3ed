// `aster enroll node`: makes a node key and a credential for it, in one identity file. For machines that have the root key;
// elsewhere `aster trust request` and `aster trust sign` do the same in two steps.

import path from "node:path";
import { signCredential } from "../../trust/credentials.js";
import { identityIfThere, writeIdentity } from "../../trust/identity-file.js";
import { generateNode, type NodeKey } from "../../trust/keys.js";
import { type Given, type Result, type Surroundings, UsageError } from "../command.js";
import { findRootKey } from "../secrets/root-key.js";
import { attributes, expiry, isoText, required, roles, word } from "./arguments.js";

/** Runs the command. */
export async function enrollNode(given: Given, surroundings: Surroundings): Promise<Result> {
  const role = word(given, "role", ["producer", "consumer"]);
  const name = required(given, "name", "NAME");
  const type = word(given, "type", ["policy", "ott"], "policy");
  if (role === "producer" && type === "ott") throw new UsageError("a producer's credential cannot be ott");
  if ((given.text("signer") ?? "local") !== "local") throw new UsageError("--signer must be local");
  const file = given.text("identity") ?? given.text("out") ?? ".aster-identity";
  const expiresAt = expiry(given);
  const asked = askedAttributes(given, role);
  const root = await findRootKey(given, surroundings);
  const { node, isNew } = nodeOf(file);
  const credential = signCredential({
    root,
    type: role === "producer" ? "producer" : type,
    endpointId: node.endpointId,
    attributes: asked,
    expiresAt,
  });
  writeIdentity(file, { ...(isNew ? { node } : {}), credentials: [{ name, credential }] });

  const { endpointId } = node;
  const facts = {
    file,
    name,
    role,
    type,
    endpointId,
    rootPublicKey: root.publicKey,
    expiresAt,
    newNodeKey: isNew,
  };
  if (given.flag("quiet")) {
    return { code: 0, text: `${file} ${endpointId} ${isoText(expiresAt)}`, json: facts };
  }
  const lines = [
    isNew
      ? `Generated new node key (endpoint_id=${endpointId.slice(0, 16)}...)`
      : `Reusing node key from ${file} (endpoint_id=${endpointId.slice(0, 16)}...)`,
    "",
    "Enrollment credential created",
    "",
    `  File:         ${path.resolve(file)}`,
    "  Format:       TOML (.aster-identity) with [node] + [[peers]] sections",
    "",
    `  Peer:         ${name}`,
    `  Role:         ${role} (${type})`,
    `  Capabilities: ${asked["aster.role"]}`,
    `  Endpoint ID:  ${endpointId}`,
    `  Trust root:   ${root.publicKey}`,
    `  Expires:      ${isoText(expiresAt)}`,
    "",
    "  Keep this file secret: it is the identity of the node and its credential.",
  ];
  return { code: 0, text: lines.join("\n"), json: facts };
}

/** The attributes of a credential for a role. Without capabilities the role itself is the only one, as in Python. */
export function askedAttributes(given: Given, role: string): Record<string, string> {
  const named = attributes(given);
  const capabilities = roles(given);
  if (capabilities !== undefined && named["aster.role"] !== undefined) {
    throw new UsageError("give --capabilities or the attribute aster.role, not both");
  }
  return { ...named, "aster.role": capabilities?.join(",") ?? named["aster.role"] ?? role };
}

/** The node key of an identity file, or a new one when there is none. */
export function nodeOf(file: string): { readonly node: NodeKey; readonly isNew: boolean } {
  const node = identityIfThere(file)?.node ?? null;
  return node === null ? { node: generateNode(), isNew: true } : { node, isNew: false };
}
