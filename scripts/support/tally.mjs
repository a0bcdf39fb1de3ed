/**
 * Adds up the counts of the test runners. A runner that ends without a count is one failure. The names of skipped tests
 * are kept.
 */
import { existsSync, readFileSync } from "node:fs";

export class Tally {
  passed = 0;
  failed = 0;
  /** The names of skipped tests. */
  skipped = [];

  /** Counts one check that is not a test runner: a formatter, a compiler. */
  check(code) {
    if (code === 0) this.passed += 1;
    else this.failed += 1;
  }

  /** A reader of `cargo test` output. Call `end(exit code)` when cargo has ended. */
  cargo() {
    let failures = 0;
    return {
      line: (text) => {
        const ignored = /^test (\S+(?: - \S.*)?) \.\.\. ignored/.exec(text);
        if (ignored) this.skipped.push(`rust ${ignored[1]}`);
        const result = /^test result: \w+\. (\d+) passed; (\d+) failed;/.exec(text);
        if (!result) return;
        this.passed += Number(result[1]);
        failures += Number(result[2]);
      },
      end: (code) => {
        this.failed += code === 0 ? failures : Math.max(failures, 1);
      },
    };
  }

  /** Adds the JSON report of a vitest run that ended with this exit code. */
  vitest(file, code) {
    if (!existsSync(file)) {
      this.failed += 1;
      return;
    }
    let failures = 0;
    for (const suite of JSON.parse(readFileSync(file, "utf8")).testResults) {
      // A test file that cannot be loaded reports no tests.
      if (suite.status === "failed" && suite.assertionResults.length === 0) failures += 1;
      for (const test of suite.assertionResults) {
        if (test.status === "passed") this.passed += 1;
        else if (test.status === "failed") failures += 1;
        else this.skipped.push(test.fullName);
      }
    }
    this.failed += code === 0 ? failures : Math.max(failures, 1);
  }

  line() {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped.length} skipped`;
  }
}
