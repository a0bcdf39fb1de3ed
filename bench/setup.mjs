// Makes the tree ready for a bench: the peers' npm packages, and the library where it takes part. Quick when nothing
// changed. All output goes to standard error, because standard output may be asked for as JSON.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { digest, forget, fresh, remember } from "../scripts/support/stamp.mjs";

const bench = import.meta.dirname;
const options = { cwd: join(bench, ".."), stdio: ["ignore", 2, 2], shell: process.platform === "win32" };

/** Installs and builds what is missing. Throws when a command fails; its output stands above. */
export function setUp({ library }) {
  const inputs = digest(["bench/package-lock.json", "bench/.npmrc"]);
  if (!fresh("bench-dependencies", inputs, [join(bench, "node_modules/.package-lock.json")])) {
    console.error("installing the npm packages of bench/package-lock.json ...");
    forget("bench-dependencies");
    execFileSync("npm", ["ci", "--prefix", "bench", "--loglevel", "error"], options);
    remember("bench-dependencies", inputs);
  }
  if (library) execFileSync("node", ["scripts/setup.mjs", "--only", "dependencies,addon,library"], options);
}
