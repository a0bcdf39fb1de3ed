// The fuzzer of the JavaScript decoders as a program, for runs longer than the tests; see docs/fuzzing.md.
//
//   node --import tsx __test__/fuzz/main.ts [--target NAME] [--seconds 60] [--seed NUMBER] [--input HEX]

import { parseArgs } from "node:util";
import { again, fuzz } from "./support/run.ts";
import { targets } from "./support/targets.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    input: { type: "string" },
  },
});
const seed = values.seed === undefined ? Date.now() & 0x7fffffff : Number(values.seed);

for (const name of values.target === undefined ? Object.keys(targets) : [values.target]) {
  if (values.input !== undefined) {
    console.log(again(name, seed, Buffer.from(values.input, "hex")));
    continue;
  }
  console.log(`${name}: seed ${seed}`);
  const { inputs, subjects, taken, outcomes } = fuzz(name, seed, { seconds: Number(values.seconds) });
  console.log(
    `${name}: ${inputs} inputs of ${subjects} subjects, ${taken} read, ${outcomes} kinds of outcomes`,
  );
}
