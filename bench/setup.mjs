// Prepares the tree for a bench: the npm packages of the peers, and the library if it is measured. Quick if nothing
// changed. All output goes to standard error, because standard output may be JSON.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Problem } from "../scripts/support/console.mjs";
import { digest, forget, fresh, remember } from "../scripts/support/stamp.mjs";

const bench = import.meta.dirname;
const root = join(bench, "..");
const options = { stdio: ["ignore", 2, 2], shell: process.platform === "win32" };

/** Installs and builds what is missing. Throws a Problem if a command fails; the output of the command is above it. */
export function setUp({ library }) {
  const inputs = digest(["bench/package-lock.json", "bench/.npmrc"]);
  if (!fresh("bench-dependencies", inputs, [join(bench, "node_modules/.package-lock.json")])) {
    console.error("installing the npm packages of bench/package-lock.json ...");
    forget("bench-dependencies");
    // `npm ci` does not work here: @number0/iroh has optional binary packages that were never published, and `ci` then
    // reports a wrong lock file. `npm install --no-save` uses the lock file, too.
    must("npm", ["install", "--no-save", "--loglevel", "error"], bench);
    remember("bench-dependencies", inputs);
  }
  if (library) must("node", ["scripts/setup.mjs", "--only", "dependencies,addon,library"], root);
}

function must(command, args, cwd) {
  try {
    execFileSync(command, args, { ...options, cwd });
  } catch {
    throw new Problem(`The bench cannot be set up: ${command} ${args[0]} failed.`);
  }
}
