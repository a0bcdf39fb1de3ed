// `aster trust install`: puts a signed credential into the identity file of its node.

import path from "node:path";
import { inspectCredential } from "../../trust/credentials.js";
import { inFile, readText } from "../../trust/files.js";
import { install } from "../../trust/identity-file.js";
import type { Given, Result } from "../command.js";
import { isoText, shown, shownList } from "./arguments.js";

/** Runs the command. */
export async function installCredential(given: Given): Promise<Result> {
  const [file = ""] = given.positionals;
  const identity = given.text("identity") ?? ".aster-identity";
  const credential = readText(file, "credential");
  const { type, roles, expiresAt, attributes } = inFile(file, () => inspectCredential(credential));
  const name = given.text("name") ?? attributes.get("aster.name") ?? path.parse(file).name;
  install(identity, { name, credential });
  const lines = [
    `Credential installed in: ${identity}`,
    `  Name:    ${shown(name)}`,
    `  Type:    ${type}`,
    `  Roles:   ${shownList(roles)}`,
    `  Expires: ${isoText(expiresAt)}`,
  ];
  return { code: 0, text: lines.join("\n"), json: { identity, name, type, roles, expiresAt } };
}
