/** A relay of `aster relay` in the namespace for it. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Child } from "./child.mjs";
import { RELAY_ADDRESS } from "./topology.mjs";

const aster = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
/** A relay with TLS has a name: its clients do not take an IPv6 address in its URL. */
const NAME = "relay.example";

/**
 * Makes the name of the relay known in the mount namespace of this process, with an address of each family: nobody could be asked for
 * one that is missing.
 */
export function nameRelay(folder) {
  const hosts = path.join(folder, "hosts");
  const lines = Object.values(RELAY_ADDRESS).map((address) => `${address} ${NAME}`);
  writeFileSync(hosts, `127.0.0.1 localhost\n${lines.join("\n")}\n`);
  execFileSync("mount", ["--bind", hosts, "/etc/hosts"]);
}

/** Starts it, for both families. Returns the process, and the option for its clients. */
export async function startRelay(topology, folder) {
  const tls = ["--self-signed", folder, "--host", NAME, "--bind", "[::]:443"];
  const child = new Child([...topology.within("relay"), process.execPath, aster, "relay", ...tls, "--json"]);
  const { url, quicPort, certificate } = await child.line();
  return { child, relay: { urls: [url], quicPort, certificates: { file: certificate } } };
}
