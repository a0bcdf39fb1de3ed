// Where the contracts of a command come from: a file, or a live server.
//
// Owns: telling the two apart, and asking the server. Does not own: what the server answers (client/describe.ts), and files
// (contract-files.ts).

import { existsSync } from "node:fs";
import type { Manifest } from "../../service/manifest-types.js";
import { CommandError, type Given } from "../command.js";
import { checkContract, readContracts } from "../contract-files.js";
import { word } from "../trust/arguments.js";

/** The longest wait for a server. */
const CONNECT_MS = 10_000;

/**
 * The contracts in a file, or of the services of a server.
 * @param source a file; or a ticket, an endpoint id, or a node address in base64
 * @throws {CommandError} with the file or server and the reason
 */
export async function contractsOf(source: string, given: Given): Promise<readonly Manifest[]> {
  return existsSync(source) || !isAddress(source) ? readContracts(source) : await askServer(source, given);
}

/** True for a text that looks like an address, which no file has as its name by chance. */
function isAddress(text: string): boolean {
  return /^(aster1[0-9a-zA-Z+/_=-]{40,}|[0-9a-f]{64}|[0-9A-Za-z+/]{60,}={0,2})$/.test(text);
}

async function askServer(address: string, given: Given): Promise<readonly Manifest[]> {
  const { AsterClient } = await import("../../node/aster-client.js");
  const file = given.text("credential");
  const client = await AsterClient.connect(address, {
    timeoutMs: CONNECT_MS,
    ...(file === undefined ? {} : { credential: { file } }),
    ...(given.text("relay") === undefined ? {} : { relay: word(given, "relay", ["default", "disabled"]) }),
  });
  try {
    const where = `server ${client.endpointId.slice(0, 16)}...`;
    const manifests = await client.describe();
    if (manifests.length === 0) {
      const names = client.services.map(({ name, version }) => `${name} v${version}`).join(", ");
      throw new CommandError(
        `${where}: it tells the contract of no service; it offers ${names || "nothing"}`,
      );
    }
    return manifests.map((manifest, at) => checkContract(manifest, `${where}[${at}]`));
  } finally {
    await client.close();
  }
}
