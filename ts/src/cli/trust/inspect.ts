// `aster trust inspect`: says in words what a file of keys or credentials means. Secrets are never shown.

import { inspectCredential } from "../../trust/credentials.js";
import { inFile, readText } from "../../trust/files.js";
import { readIdentity } from "../../trust/identity-file.js";
import { readNodeKey, readRootKey, readRootPublicKey } from "../../trust/key-files.js";
import { readRequest } from "../../trust/requests.js";
import { RevocationList } from "../../trust/revocation-list.js";
import { instant, span } from "../../trust/words.js";
import type { Given, Result, Surroundings } from "../command.js";
import { trustedRoots } from "./arguments.js";
import { type DocumentKind, kindOf } from "./documents.js";

/** Runs the command. */
export async function inspect(given: Given, surroundings: Surroundings): Promise<Result> {
  const [file = ""] = given.positionals;
  const kind = kindOf(file);
  const { text, json } = inFile(file, () => readers[kind](file, checksOf(given, surroundings)));
  return { code: 0, text, json: { file, kind, ...json } };
}

/** What credentials are held against. */
export interface Checks {
  readonly rootPublicKey?: readonly string[];
  readonly endpointId?: string;
  readonly revocations?: readonly string[];
}

/** The checks of `--root-pubkey`, `--endpoint-id` and `--revocations`. */
export function checksOf(given: Given, surroundings: Surroundings): Checks {
  const roots = trustedRoots(given, surroundings);
  const endpointId = given.text("endpoint-id");
  const lists = given.texts("revocations").map((file) => readText(file, "revocations"));
  return {
    ...(roots.length === 0 ? {} : { rootPublicKey: roots }),
    ...(endpointId === undefined ? {} : { endpointId }),
    ...(lists.length === 0 ? {} : { revocations: lists }),
  };
}

interface Shown {
  readonly text: string;
  readonly json: object;
}

const readers: Readonly<Record<DocumentKind, (file: string, checks: Checks) => Shown>> = {
  credential: (file, checks) => credential(readText(file, "credential"), checks),
  identity,
  request,
  revocations,
  rootKey: (file) => {
    const { publicKey } = readRootKey(file);
    return { text: `A secret root key. Its public key is ${publicKey}`, json: { publicKey } };
  },
  nodeKey: (file) => {
    const { endpointId } = readNodeKey(file);
    return { text: `A secret node key. Its endpoint id is ${endpointId}`, json: { endpointId } };
  },
  publicKey: (file) => {
    const publicKey = readRootPublicKey(file);
    return { text: `The public key of a root key: ${publicKey}`, json: { publicKey } };
  },
  hex: () => ({ text: "64 hexadecimal digits: a secret key or a public key without a label", json: {} }),
  encrypted: () => ({ text: "A key file that is encrypted with a passphrase (format: age)", json: {} }),
};

function credential(content: string, checks: Checks): Shown {
  const { description, attributes, ...facts } = inspectCredential(content, checks);
  return { text: description, json: { ...facts, attributes: Object.fromEntries(attributes) } };
}

function identity(file: string, checks: Checks): Shown {
  const { node, entries } = readIdentity(file);
  const endpointId = node?.endpointId ?? null;
  const own = endpointId === null ? checks : { endpointId, ...checks };
  const shown = entries.map(({ name, role, credential: content, problem }) => {
    const label = `Credential ${JSON.stringify(name)} (${JSON.stringify(role)}):`;
    if (content === null)
      return { text: `${label} cannot be read: ${problem}`, json: { name, role, problem } };
    const { text, json } = credential(content, own);
    return { text: `${label}\n${text.replace(/^/gm, "  ")}`, json: { name, role, ...json } };
  });
  const first =
    endpointId === null ? "An identity file without a node key" : `The identity of node ${endpointId}`;
  return {
    text: [first, ...shown.map(({ text }) => text)].join("\n\n"),
    json: { endpointId, credentials: shown.map(({ json }) => json) },
  };
}

function request(file: string): Shown {
  const { attributes, ...asked } = readRequest(readText(file, "request"));
  const others = [...attributes].filter(([name]) => name !== "aster.role");
  const lines = [
    "A signing request. It is not a credential until the holder of a root key signs it.",
    `From:        the node ${asked.endpointId}, which has proven that it has its key`,
    `Name:        ${JSON.stringify(asked.name)}`,
    `Type:        ${asked.type}`,
    `Roles:       ${asked.roles.map((role) => JSON.stringify(role)).join(", ") || "none"}`,
    ...others.map(([name, value]) => `Attribute:   ${JSON.stringify(name)} = ${JSON.stringify(value)}`),
    `Lifetime:    ${span(asked.lifetimeMs / 1000)} from its signing on`,
  ];
  return { text: lines.join("\n"), json: { ...asked, attributes: Object.fromEntries(attributes) } };
}

function revocations(file: string): Shown {
  const list = RevocationList.parse(readText(file, "revocations"));
  const { sequence, rootPublicKey, issuedAt } = list;
  const [endpointIds, fingerprints] = [[...list.endpointIds], [...list.fingerprints]];
  const lines = [
    `Revocation list ${sequence} of root key ${rootPublicKey}, signed ${instant(issuedAt)}`,
    ...endpointIds.map((id) => `  node        ${id}`),
    ...fingerprints.map((id) => `  credential  ${id}`),
    ...(endpointIds.length + fingerprints.length === 0 ? ["  It revokes nothing."] : []),
  ];
  return { text: lines.join("\n"), json: { sequence, rootPublicKey, issuedAt, endpointIds, fingerprints } };
}
