// `aster contract diff`: compares two contracts and describes the differences.

import { contractDiff } from "../../native/contracts.js";
import type { Given, Result } from "../command.js";
import { contractsOf } from "./contract-source.js";

/** Runs the command. */
export async function diff(given: Given): Promise<Result> {
  const [old = "", fresh = ""] = given.positionals;
  const compared = contractDiff(await contractsOf(old, given), await contractsOf(fresh, given));
  const { text, ...json } = compared;
  return { code: compared.breaking ? 1 : 0, text, json };
}
