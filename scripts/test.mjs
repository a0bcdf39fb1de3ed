/**
 * Runs all checks, also on a fresh clone: set-up, formatting and lints, types, the package as it is published, Rust
 * tests, Node tests, and the tests against peers in other languages. Continues after a failure, so one run reports all
 * failures. The last line has the counts; the exit code is 1 if anything failed.
 *
 *   node scripts/test.mjs [--full] [--clippy] [--fuzz-seconds N] [--only PART,PART]
 *
 * The parts are lint, types, package, rust, node, interop, and with `--full` also deny and fuzz. `--full` uses larger
 * sizes, and fuzzes each target for ten minutes or for `--fuzz-seconds`. `--clippy` adds clippy, which is slower.
 */
import { mkdirSync, rmSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { fuzz, fuzzTargets } from "./fuzz.mjs";
import { setup } from "./setup.mjs";
import { cargoDeny } from "./steps/cargo-deny.mjs";
import { foryWorkspace } from "./steps/rust-peer.mjs";
import { green, heading, Missing, main, Problem, red, say, seconds, yellow } from "./support/console.mjs";
import { fetching } from "./support/fetching.mjs";
import { inLoopback, loopbackProblem } from "./support/loopback.mjs";
import { at, bin, cargo, run } from "./support/process.mjs";
import { Tally } from "./support/tally.mjs";

const tally = new Tally();
/** The reasons why whole suites did not run. They are printed again at the end. */
const missing = [];

const parts = {
  lint: {
    title: "Formatting and lints",
    run: async ({ full, clippy }) => {
      await check("biome", bin("biome"), ["check", "."]);
      await check("unused code", bin("knip"), []);
      await check("rustfmt", "cargo", ["fmt", "--all", "--check"]);
      if (full || clippy) {
        const everything = ["--release", "--workspace", "--all-targets"];
        await check("clippy", "cargo", cargo("clippy", ...everything, "--", "-D", "warnings"));
        await rustdoc();
      }
    },
  },
  types: {
    title: "Types of tests and examples, compile-time tests, API pages",
    run: async () => {
      await check("tests, examples, benches", bin("tsc"), ["-p", "tsconfig.test.json"]);
      await check("compile-time tests", bin("tsc"), ["-p", "tsconfig.types.json"]);
      await check("declarations with every TypeScript", process.execPath, [
        "bench/types/main.mjs",
        "--check",
      ]);
      await check("API pages", bin("typedoc"), ["--emit", "none"]);
    },
  },
  package: {
    title: "The package as it is published",
    run: async () => {
      await check("publint", bin("publint"), ["--strict"]);
      // A CommonJS program loads the package with import(), or with require() where Node can (`__test__/package/loading.test.ts`).
      const rules = ["--ignore-rules", "cjs-resolves-to-esm"];
      await check("types of each entry", bin("attw"), ["--pack", ".", ...rules, ...PLAIN]);
    },
  },
  rust: { title: "Rust tests", run: rust },
  node: {
    title: "Node tests",
    run: async () => {
      await stepProblem("rust-peer", "The tests against raw peers");
      const suites = [
        "unit",
        "integration",
        "boundary",
        "faults",
        "hostile",
        "network",
        "conformance",
        "fuzz",
        "package",
      ];
      await vitest("node", [bin("vitest"), "run", ...projects(...suites)]);
    },
  },
  interop: { title: "Tests against peers in other languages", run: interop },
  deny: { title: "Licences, versions and advisories of the Rust crates", run: denied },
  fuzz: { title: "Fuzzing", run: fuzzing },
};

/** Parts that only run with `--full`, because they take minutes. */
const LONG = ["deny", "fuzz"];

const PLAIN = ["--no-color", "--no-emoji", "--no-summary", "--format", "ascii"];

function report(started) {
  heading(`Result, after ${seconds(started)}`);
  for (const name of tally.skipped) say(yellow(`skipped: ${name}`));
  for (const reason of missing) say(yellow(reason));
  say((tally.failed === 0 ? green : red)(tally.line()));
}

async function check(name, command, args, options) {
  const started = performance.now();
  const code = await run(command, args, options);
  tally.check(code);
  say(`${code === 0 ? green("ok") : red("FAILED")} ${name} (${seconds(started)})`);
}

/** Documents private items, too, because editors show their links. */
function rustdoc() {
  const args = cargo("doc", "--release", "--workspace", "--no-deps", "--document-private-items");
  return check("rustdoc", "cargo", args, { env: { RUSTDOCFLAGS: "-D warnings" } });
}

async function rust() {
  await cargoTest("--workspace");
  await cargoTest(...foryWorkspace());
}

async function cargoTest(...options) {
  const reader = tally.cargo();
  const args = cargo("test", "--release", "--no-fail-fast", ...options);
  reader.end(await run("cargo", args, { onLine: reader.line }));
}

const projects = (...names) => names.flatMap((name) => ["--project", name]);

async function vitest(name, [command, ...args], env = {}) {
  const file = at(".cache", `vitest-${name}.json`);
  mkdirSync(at(".cache"), { recursive: true });
  rmSync(file, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  tally.vitest(file, await run(command, [...args, ...reporters], { env }));
}

async function interop() {
  const command = [bin("vitest"), "run", ...projects("differential", "interop")];
  const peer = (name) => stepProblem(name, `The tests against ${name}`);
  await peer("rust-peer");
  const env = { ASTER_NO_JAVA: await peer("java"), ASTER_NO_GO: await peer("go") };
  const reason = await interopProblem();
  if (reason === null) return vitest("interop", inLoopback(command), { ...env, ASTER_INTEROP: "run" });
  missing.push(`The tests against the Python reference did not run: ${reason}`);
  say(red(missing.at(-1)));
  // The tests run anyway: each reports itself as skipped, so the report has their names.
  await vitest("interop", command, { ...env, ASTER_INTEROP: "" });
}

/** The reason why this machine cannot do a step of the set-up, or "". */
const stepProblem = (name, what) =>
  problem(what, async () => {
    const reason = (await setup([name])).get(name);
    if (reason !== undefined) throw new Missing(reason);
  });

/** The reason why this machine cannot do something, or "". If it can and the action fails, this is a test failure. */
async function problem(what, act) {
  try {
    await act();
    return "";
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error instanceof Missing) missing.push(`${what} did not run: ${error.message}`);
    else tally.check(1);
    say(error instanceof Missing ? yellow(missing.at(-1)) : red(error.message));
    return error.message;
  }
}

async function denied() {
  if ((await stepProblem("cargo-deny", "cargo-deny")) !== "") return tally.skipped.push("cargo-deny");
  const rules = ["--deny", "unmatched-skip", "bans", "licenses", "sources"];
  await check("cargo-deny", cargoDeny, ["check", ...rules]);
  const fetched = () => fetching("The advisories of RustSec cannot be fetched", cargoDeny, ["fetch", "db"]);
  if ((await problem("The check for advisories", fetched)) !== "") return tally.skipped.push("advisories");
  return check("advisories", cargoDeny, ["check", "--disable-fetch", "advisories"]);
}

async function fuzzing({ "fuzz-seconds": seconds }) {
  for (const { name, code, why } of await fuzz(fuzzTargets, { seconds })) {
    if (code === null) missing.push(`The fuzz target ${name} did not run: ${why}`);
    else tally.check(code);
  }
}

async function interopProblem() {
  try {
    await setup(["python"]);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.help ? `${error.message} Try: ${error.help}` : error.message;
  }
  return loopbackProblem();
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      full: { type: "boolean" },
      clippy: { type: "boolean" },
      "fuzz-seconds": { type: "string", default: "600" },
    },
  });
  const usual = Object.keys(parts).filter((name) => values.full || !LONG.includes(name));
  const names = values.only?.split(",") ?? usual;
  const unknown = names.find((name) => !(name in parts));
  if (unknown !== undefined)
    throw new Problem(`There is no part "${unknown}"; the parts are ${Object.keys(parts).join(", ")}.`);
  if (values.full) process.env.ASTER_TEST_FULL = "1";
  const started = performance.now();
  await setup(["dependencies", "addon", "library"]);
  for (const name of names) {
    heading(parts[name].title);
    await parts[name].run(values);
  }
  report(started);
  return tally.failed === 0 ? 0 : 1;
});
