// `aster trust revoke`: signs the next revocation list, and sends lists to running servers.

import { AsterError } from "../../errors.js";
import { inspectCredential } from "../../trust/credentials.js";
import { inFile, readText, readTextIfThere, writeFile } from "../../trust/files.js";
import { RevocationList } from "../../trust/revocation-list.js";
import { type Given, type Result, type Surroundings, UsageError } from "../command.js";
import { findRootKey } from "../secrets/root-key.js";
import { endpointIdOf, word } from "./arguments.js";
import { credentialsIn } from "./documents.js";

/** Runs the command. */
export async function revoke(given: Given, surroundings: Surroundings): Promise<Result> {
  const file = given.text("list") ?? "revoked.json";
  const addresses = given.texts("push");
  const relay = given.text("relay") === undefined ? undefined : word(given, "relay", ["default", "disabled"]);
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
    if (addresses.length === 0) {
      throw new UsageError(
        "name what is revoked: --endpoint-id, --fingerprint, --credential or --from; or send a list with --push TICKET",
      );
    }
    // A list that is sent again needs no root key: it is signed.
    const sent = await sendTo(addresses, listIn(file), relay);
    return { ...sent, json: { list: file, ...sent.json } };
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
  const json = { list: file, sequence, endpointIds, fingerprints, total };
  if (addresses.length === 0) return { code: 0, text: lines.join("\n"), json };
  const sent = await sendTo(addresses, list, relay);
  return { code: sent.code, text: [...lines, sent.text].join("\n"), json: { ...json, ...sent.json } };
}

/** What became of a list at one server. */
interface Sent {
  readonly address: string;
  /** Null when it was not taken. */
  readonly isNew: boolean | null;
  readonly error: { readonly message: string; readonly reason: string | null } | null;
}

/** Sends a list to servers, each of which puts it in force at once. One that does not take it fails the command. */
async function sendTo(
  addresses: readonly string[],
  list: RevocationList,
  relay: "default" | "disabled" | undefined,
): Promise<Result & { readonly json: object }> {
  const { pushRevocations } = await import("../../node/revocation.js");
  const options = relay === undefined ? {} : { relay };
  const pushes = await Promise.all(
    addresses.map(async (address): Promise<Sent> => {
      try {
        return { address, isNew: await pushRevocations(address, String(list), options), error: null };
      } catch (error) {
        if (!(error instanceof AsterError)) throw error;
        const { rawMessage: message, reason } = error;
        return { address, isNew: null, error: { message, reason } };
      }
    }),
  );
  const { sequence } = list;
  const lines = pushes.map(({ address, isNew, error }) => {
    const server = `server ${address.slice(0, 16)}...`;
    if (error !== null) return `NOT taken by ${server}: ${error.message}`;
    return `Revocation list ${sequence} ${isNew ? "is in force now" : "was in force already"}: ${server}`;
  });
  return {
    code: pushes.every(({ error }) => error === null) ? 0 : 1,
    text: lines.join("\n"),
    json: { sequence, pushes },
  };
}

/** The list in a file. */
function listIn(file: string): RevocationList {
  const text = readText(file, "revocations");
  return inFile(file, () => RevocationList.parse(text));
}

function fingerprintsIn(file: string): string[] {
  return credentialsIn(file).map(({ credential }) =>
    inFile(file, () => inspectCredential(credential).fingerprint),
  );
}
