// The differential test against Python as a program, for runs longer than the tests; see docs/fuzzing.md.
//
//   node --import tsx __test__/differential/main.ts [--seconds 60] [--seed NUMBER] [--worlds COUNT]

import { parseArgs } from "node:util";
import { compareWorld, newTally } from "./support/compare.ts";
import { compareContracts } from "./support/contracts.ts";
import { compareJson } from "./support/json.ts";
import { hasPython, startReference } from "./support/python.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    worlds: { type: "string", default: "1000000" },
  },
});
if (!hasPython) throw new Error("the virtual environment of the interop tests is missing: npm test makes it");
const first = values.seed === undefined ? Date.now() & 0x7fffffff : Number(values.seed);
const end = performance.now() + Number(values.seconds) * 1000;
const reference = startReference();
const tally = newTally();
let services = 0;
let texts = 0;
console.log(`python: seed ${first}`);
let seed = first;
while (performance.now() < end && seed - first < Number(values.worlds)) {
  texts += (await compareJson(reference, seed, 10)).texts;
  services += await compareContracts(reference, seed, 4);
  await compareWorld(reference, seed++, { values: 40, damaged: 20 }, tally);
}
await reference.stop();
console.log(
  `python: ${tally.values} values, ${tally.damaged} damaged messages, ${texts} JSON texts and ${services} services of ${seed - first} worlds`,
);
console.log(
  `  both take ${tally.bothTake}; Python crashes at ${tally.crashes}; only we take ${JSON.stringify(Object.fromEntries(tally.weTake))}`,
);
for (const [kind, times] of tally.pythonTakes) console.log(`  only Python takes ${times}: ${kind}`);
