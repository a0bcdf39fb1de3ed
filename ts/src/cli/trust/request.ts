// `aster trust request`: writes the signing request of a node. The node key does not leave its machine.

import { writeIdentity } from "../../trust/identity-file.js";
import { createRequest } from "../../trust/requests.js";
import { type Given, type Result, UsageError } from "../command.js";
import { writeWhole } from "../contract-files.js";
import { lifetimeMs, required, word } from "./arguments.js";
import { askedAttributes, nodeOf } from "./enroll.js";

/** Runs the command. */
export async function request(given: Given): Promise<Result> {
  const role = word(given, "role", ["producer", "consumer"], "consumer");
  const type = word(given, "type", ["policy", "ott"], "policy");
  if (role === "producer" && type === "ott") throw new UsageError("a producer's credential cannot be ott");
  const name = required(given, "name", "NAME");
  const identity = given.text("identity") ?? ".aster-identity";
  const out = given.text("out") ?? `${fileName(name)}.request.json`;
  const { node, isNew } = nodeOf(identity);
  const asked = createRequest({
    node,
    name,
    type: role === "producer" ? "producer" : type,
    attributes: askedAttributes(given, role),
    lifetimeMs: lifetimeMs(given),
  });
  if (isNew) writeIdentity(identity, { node });
  writeWhole(out, asked);
  const { endpointId } = node;
  const lines = [
    `Signing request written to: ${out}`,
    `  Node: ${endpointId} (${isNew ? "new key, in" : "its key is in"} ${identity})`,
    "",
    "Next step: take the request to the machine that has the root key:",
    `  aster trust sign ${out} --root-key root.key --as-requested`,
    "and bring the credential back:",
    `  aster trust install ${out.replace(/(\.request)?\.json$/, "")}.cred --identity ${identity} --name ${fileName(name)}`,
  ];
  return { code: 0, text: lines.join("\n"), json: { request: out, identity, endpointId, newNodeKey: isNew } };
}

/** A label as a part of a file name. */
function fileName(name: string): string {
  const safe = name.replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 64);
  return safe === "" ? "node" : safe;
}
