// Makes the tree ready for a bench: the peers' npm packages, and the library where it takes part. Quick when nothing
// changed. All output goes to standard error, because standard output may be asked for as JSON.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Problem } from "../scripts/support/console.mjs";
import { digest, forget, fresh, remember } from "../scripts/support/stamp.mjs";

const bench = import.meta.dirname;
const root = join(bench, "..");
const options = { stdio: ["ignore", 2, 2], shell: process.platform === "win32" };

/** Installs and builds what is missing. Throws a Problem when a command fails; its output stands above. */
export function setUp({ library }) {
  const inputs = digest(["bench/package-lock.json", "bench/.npmrc"]);
  if (!fresh("bench-dependencies", inputs, [join(bench, "node_modules/.package-lock.json")])) {
    console.error("installing the npm packages of bench/package-lock.json ...");
    forget("bench-dependencies");
    // Not `npm ci`: @number0/iroh names binary packages for platforms that were never published, and `ci` takes an
    // optional package that exists nowhere for a lock file out of step. `--no-save` keeps to the lock file as well.
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
