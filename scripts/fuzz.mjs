/**
 * Runs the fuzz targets for a chosen time: the decoders in Rust (libFuzzer), those in JavaScript, and the comparison with
 * Python (docs/fuzzing.md). Continues after a finding. Prints one line for each target at the end; exit code 1 after a finding.
 *
 *   node scripts/fuzz.mjs [--seconds 60] [--only NAME,...] [--seed NUMBER] [--input FILE]
 *
 * NAME is a target, or one of the groups `rust`, `js`, `python`. `--input` runs one Rust target on the bytes of a file.
 */
import { existsSync, realpathSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { setup } from "./setup.mjs";
import { python } from "./steps/python.mjs";
import { green, heading, main, Problem, red, say, seconds as since, yellow } from "./support/console.mjs";
import { buildTargets, fuzzProblem, runTarget, rustTargets } from "./support/fuzzing.mjs";
import { at, run } from "./support/process.mjs";

/** The targets of `__test__/fuzz/support/targets.ts`. */
const jsTargets = [
  "xlang",
  "references",
  "compatible",
  "vectors",
  "graphs",
  "descriptions",
  "dynamic",
  "json",
  "native",
  "js",
  "rows",
  "tables",
  "manifest",
  "idl",
].map((name) => `js-${name}`);

const program = (file, ...args) => run(process.execPath, ["--import", "tsx", at("__test__", file), ...args]);

/**
 * Fuzzes each target for this many seconds.
 * @returns {Promise<{ name: string, code: number | null, why?: string }[]>} `code` is null if the target cannot run here
 */
export async function fuzz(names, { seconds, seed, input }) {
  const seeded = seed === undefined ? [] : ["--seed", seed];
  const results = [];
  const missing = rustTargets.some((name) => names.includes(name)) ? await built() : null;
  for (const name of names) {
    heading(`fuzz ${name}`);
    if (name === "python") {
      const there = existsSync(python);
      const code = there ? await program("differential/main.ts", "--seconds", `${seconds}`, ...seeded) : null;
      results.push({ name, code, why: "the virtual environment of the interop tests is missing" });
    } else if (name.startsWith("js-")) {
      const args = ["--target", name.slice(3), "--seconds", `${seconds}`, ...seeded];
      results.push({ name, code: await program("fuzz/main.ts", ...args) });
    } else {
      const code = missing === null ? await runTarget(name, { seconds, input }) : null;
      results.push({ name, code, why: missing });
    }
  }
  return results;
}

/** Runs all targets. */
export const fuzzTargets = [...rustTargets, ...jsTargets, "python"];

async function built() {
  const problem = fuzzProblem();
  if (problem === null && (await buildTargets()) !== 0) throw new Problem("The fuzz targets do not build.");
  return problem;
}

function chosen(only) {
  const groups = { rust: rustTargets, js: jsTargets };
  const names = only === undefined ? fuzzTargets : only.split(",").flatMap((name) => groups[name] ?? [name]);
  const unknown = names.find((name) => !fuzzTargets.includes(name));
  if (unknown !== undefined)
    throw new Problem(`There is no target ${unknown}; there are ${fuzzTargets.join(", ")}.`);
  return names;
}

if (realpathSync(process.argv[1]) === import.meta.filename) {
  await main(async () => {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        only: { type: "string" },
        seed: { type: "string" },
        input: { type: "string" },
      },
    });
    const started = performance.now();
    const names = chosen(values.only);
    if (names.some((name) => !rustTargets.includes(name))) await setup(["dependencies", "addon", "library"]);
    const results = await fuzz(names, values);
    heading(`Result, after ${since(started)}`);
    for (const { name, code, why } of results) {
      say(
        code === null
          ? yellow(`skipped: ${name}: ${why}`)
          : code === 0
            ? green(`ok ${name}`)
            : red(`FOUND ${name}`),
      );
    }
    return results.every(({ code }) => code === 0 || code === null) ? 0 : 1;
  });
}
