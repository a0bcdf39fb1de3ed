// `aster trust sign` and `aster authorize`: signs credentials, from arguments or from the request of a node.

import { inspectCredential, signCredential } from "../../trust/credentials.js";
import { inFile, readText, writeFile } from "../../trust/files.js";
import type { RootKey } from "../../trust/keys.js";
import { readRequest, signRequest } from "../../trust/requests.js";
import { type Given, type Result, type Surroundings, UsageError } from "../command.js";
import { findRootKey } from "../secrets/root-key.js";
import {
  attributes,
  endpointIdOf,
  expiry,
  isoText,
  lifetimeMs,
  required,
  roles,
  shownList,
  word,
} from "./arguments.js";

/** Runs `aster trust sign`. */
export async function sign(given: Given, surroundings: Surroundings): Promise<Result> {
  const [request] = given.positionals;
  if (request !== undefined) return signFile(request, given, surroundings);
  const type = word(given, "type", ["producer", "policy", "ott"], "producer");
  const id = given.text("endpoint-id");
  if (id === undefined && type === "producer") {
    throw new UsageError("--endpoint-id is required for producer credentials");
  }
  const endpointId = id === undefined ? null : endpointIdOf(id, "--endpoint-id");
  const grant = {
    type,
    endpointId,
    attributes: attributes(given),
    ...named(given),
    expiresAt: expiry(given),
  };
  const credential = signCredential({ root: await findRootKey(given, surroundings), ...grant });
  return written(credential, given.text("out") ?? ".aster/credential.json");
}

/** Runs `aster authorize`. */
export async function authorize(given: Given, surroundings: Surroundings): Promise<Result> {
  const id = required(given, "producer-id", "ENDPOINT_ID");
  const endpointId = endpointIdOf(id, "--producer-id");
  const grant = {
    type: "producer",
    endpointId,
    attributes: attributes(given),
    expiresAt: expiry(given),
  } as const;
  const credential = signCredential({ root: await findRootKey(given, surroundings), ...grant });
  return written(credential, given.text("out") ?? "enrollment.token");
}

/** Signs a request. Whoever signs says which roles: what a stranger asks for is not granted by default. */
async function signFile(file: string, given: Given, surroundings: Surroundings): Promise<Result> {
  for (const option of ["endpoint-id", "attributes", "type"]) {
    if (given.text(option) !== undefined) throw new UsageError(`--${option} is part of the request`);
  }
  const text = readText(file, "request");
  const asked = inFile(file, () => readRequest(text));
  const granted = roles(given);
  if ((granted === undefined) !== given.flag("as-requested")) {
    throw new UsageError(
      `the request of ${asked.endpointId} asks for ${asked.roles.length === 0 ? "no roles" : shownList(asked.roles)}; grant them with --as-requested, or others with --capabilities a,b`,
    );
  }
  const lifetime = given.text("expires") === undefined ? undefined : lifetimeMs(given);
  const root: RootKey = await findRootKey(given, surroundings);
  const credential = signRequest(text, {
    root,
    ...(granted === undefined ? {} : { roles: granted }),
    ...(lifetime === undefined ? {} : { lifetimeMs: lifetime }),
  });
  return written(credential, given.text("out") ?? `${file.replace(/(\.request)?\.json$/, "")}.cred`);
}

function named(given: Given): { roles?: readonly string[] } {
  const list = roles(given);
  return list === undefined ? {} : { roles: list };
}

function written(credential: string, file: string): Result {
  writeFile(file, credential, "replace");
  const { type, expiresAt, endpointId, roles: granted, fingerprint } = inspectCredential(credential);
  const lines = [
    `Signed credential written to: ${file}`,
    `  Type:       ${type}`,
    `  Expires at: ${isoText(expiresAt)}`,
    `  For:        ${endpointId ?? "every node that has the file"}`,
    `  Roles:      ${shownList(granted)}`,
  ];
  return {
    code: 0,
    text: lines.join("\n"),
    json: { file, type, endpointId, roles: granted, expiresAt, fingerprint },
  };
}
