/** Type-checks the code that is not published: tests, examples and benches, then the compile-time tests. */

import { setup } from "./setup.mjs";
import { main, Problem } from "./support/console.mjs";
import { bin, run } from "./support/process.mjs";

await main(async () => {
  await setup(["dependencies", "addon", "library"]);
  for (const project of ["tsconfig.test.json", "tsconfig.types.json"]) {
    if ((await run(bin("tsc"), ["-p", project])) !== 0) throw new Problem(`${project} does not compile.`);
  }
});
