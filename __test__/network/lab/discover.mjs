/**
 * Two processes that find each other by the endpoint id alone: on a machine that has only loopback, and in a local network without a router.
 * Must be started in a new network and mount namespace. Prints a line of JSON.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Child } from "./child.mjs";

const run = (...args) => execFileSync("ip", args, { stdio: "pipe" });
const folder = mkdtempSync(path.join(tmpdir(), "aster-find-"));
const program = [process.execPath, fileURLToPath(new URL("host.mjs", import.meta.url))];
const options = { discovery: { local: true }, relay: "disabled" };

/** `homes`: the folders for files of the user of the server and of the client. `enter`: how to get into their namespaces. */
async function find(enter, homes) {
  const [server, client] = enter.map(
    (command, at) => new Child([...command, ...program], { XDG_RUNTIME_DIR: path.join(folder, homes[at]) }),
  );
  try {
    const { endpointId } = await server.ask({ do: "serve", options });
    const { answered, kind, remote } = await client.ask({
      do: "call",
      address: endpointId,
      options,
      directWithinMs: 5000,
    });
    return { answered, kind, remote };
  } catch (error) {
    return { error: error.message };
  } finally {
    server.end();
    client.end();
  }
}

run("link", "set", "lo", "up");
const alone = await find([[], []], ["one", "one"]);
execFileSync("mount", ["-t", "tmpfs", "none", "/run"]);
for (const name of ["one", "two"]) run("netns", "add", name);
run("link", "add", "eth0", "netns", "one", "type", "veth", "peer", "name", "eth0", "netns", "two");
for (const [at, name] of ["one", "two"].entries()) {
  run("-n", name, "addr", "add", `192.168.7.${at + 1}/24`, "dev", "eth0");
  for (const device of ["lo", "eth0"]) run("-n", name, "link", "set", device, "up");
  run("-n", name, "route", "add", "default", "dev", "eth0");
}
const within = (name) => ["ip", "netns", "exec", name];
const local = await find([within("one"), within("two")], ["apart", "away"]);
process.stdout.write(`${JSON.stringify({ alone, local })}\n`);
process.exit(0);
