/**
 * Prepares the tree: npm packages, addon, library, and (for the tests) the peers in other languages. Each step prints
 * what it does and how long it took. A step whose inputs did not change takes milliseconds.
 *
 *   node scripts/setup.mjs [--only NAME,NAME] [--force]
 */
import { realpathSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { addon } from "./steps/addon.mjs";
import { cargoDenyStep } from "./steps/cargo-deny.mjs";
import { dependencies } from "./steps/dependencies.mjs";
import { goStep } from "./steps/go.mjs";
import { javaStep } from "./steps/java.mjs";
import { library } from "./steps/library.mjs";
import { needNode } from "./steps/prerequisites.mjs";
import { pythonStep } from "./steps/python.mjs";
import { rustPeerStep } from "./steps/rust-peer.mjs";
import { typescripts } from "./steps/typescripts.mjs";
import { dim, green, heading, Missing, main, Problem, say, seconds, yellow } from "./support/console.mjs";
import { forget, fresh, remember } from "./support/stamp.mjs";

const steps = [
  dependencies,
  addon,
  library,
  typescripts,
  pythonStep,
  rustPeerStep,
  javaStep,
  goStep,
  cargoDenyStep,
];

/** Steps that take minutes and that only `npm run test:full` needs. */
const FOR_FULL_TESTS = ["cargo-deny"];

/**
 * Runs the named steps in their order and skips those whose inputs did not change. If an optional step is not possible
 * on this machine, the result has its name and the reason.
 */
export async function setup(names, { force = false } = {}) {
  heading("Set-up");
  needNode();
  const chosen = steps.filter((step) => names.includes(step.name));
  // Missing programs are reported before the first long step starts.
  for (const step of chosen) if (step.needs && (force || stale(step, step.stamp()))) step.needs();
  const missing = new Map();
  for (const step of chosen) {
    try {
      await perform(step, force);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      say(yellow(`-- ${step.name}: ${error.message}`));
      missing.set(step.name, error.message);
    }
  }
  return missing;
}

const stale = (step, value) => !fresh(step.name, value, step.outputs());

async function perform(step, force) {
  const started = performance.now();
  const value = step.stamp();
  if (!force && !stale(step, value)) {
    say(dim(`   ${step.name}: nothing changed`));
    return;
  }
  say(`-> ${step.name}: ${step.doing}`);
  forget(step.name);
  await step.run();
  // The addon step writes into ts/src, which is an input of a later step but not of the addon step itself.
  remember(step.name, value);
  say(`${green("ok")} ${step.name} ${dim(`(${seconds(started)})`)}`);
}

if (realpathSync(process.argv[1]) === import.meta.filename) {
  await main(async () => {
    const { values } = parseArgs({ options: { only: { type: "string" }, force: { type: "boolean" } } });
    const known = steps.map((step) => step.name);
    const names = values.only?.split(",") ?? known.filter((name) => !FOR_FULL_TESTS.includes(name));
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new Problem(`There is no step "${unknown}"; the steps are ${known.join(", ")}.`);
    await setup(names, values);
  });
}
