// `aster dev keys`: everything that a gated server and its client need on one machine, in one folder.

import { existsSync } from "node:fs";
import path from "node:path";
import { signCredential } from "../../trust/credentials.js";
import { writeIdentity } from "../../trust/identity-file.js";
import { rootPublicKeyText, writeRootKey } from "../../trust/key-files.js";
import { generateNode, generateRoot, type RootKey } from "../../trust/keys.js";
import type { Given, Result } from "../command.js";
import { writeWhole } from "../contract-files.js";
import { roles, shownList } from "./arguments.js";
import { refuseExisting } from "./keygen.js";

const LIFETIME_MS = 365 * 86_400_000;

/** Runs the command. */
export async function devKeys(given: Given): Promise<Result> {
  const folder = given.positionals[0] ?? path.join(".aster", "dev");
  const granted = roles(given) ?? ["dev"];
  const at = (name: string): string => path.join(folder, name);
  const files = {
    rootKey: at("root.key"),
    rootPublicKey: at("root.pub"),
    server: at("server.aster-identity"),
    client: at("client.aster-identity"),
  };
  for (const file of Object.values(files)) refuseExisting(file);
  const root = generateRoot();
  writeRootKey(files.rootKey, root);
  writeWhole(files.rootPublicKey, rootPublicKeyText(root.publicKey));
  if (!existsSync(at(".gitignore"))) writeWhole(at(".gitignore"), "*\n");
  const server = identity(files.server, "server", root, []);
  const client = identity(files.client, "client", root, granted);
  const lines = [
    `Development keys written to: ${folder} (mode 0600, ignored by git)`,
    `  ${files.rootPublicKey}: the root key ${root.publicKey}`,
    `  ${files.server}: the identity of a server, ${server}`,
    `  ${files.client}: the identity of a client, ${client}, with the roles ${shownList(granted)}`,
    "",
    "Server: AsterServer.start({ services, ...server })",
    `  const server = ${shownOptions({ identity: { file: files.server }, access: { rootPublicKey: { file: files.rootPublicKey } } })};`,
    "Client: AsterClient.connect(ticket, client)",
    `  const client = ${shownOptions({ credential: { identityFile: files.client } })};`,
    "",
    "They are for this machine. In production the root key is on a machine of its own.",
  ];
  return {
    code: 0,
    text: lines.join("\n"),
    json: { folder, ...files, endpointIds: { server, client }, roles: granted },
  };
}

/** Options as a program writes them. The paths in them may have any characters. */
function shownOptions(options: object): string {
  return JSON.stringify(options, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/"(\w+)": /g, "$1: ");
}

/** Writes the identity file of a node. Returns its endpoint id. */
function identity(
  file: string,
  name: "server" | "client",
  root: RootKey,
  granted: readonly string[],
): string {
  const node = generateNode();
  const { endpointId } = node;
  const expiresAt = new Date(Date.now() + LIFETIME_MS);
  const type = name === "server" ? "producer" : "policy";
  const credential = signCredential({ root, type, endpointId, roles: granted, expiresAt });
  writeIdentity(file, { node, credentials: [{ name, credential }] });
  return endpointId;
}
