// `aster contract diff`: compares two contracts and describes the differences.

import { contractDiff } from "../../native/contracts.js";
import type { Command, Result } from "../command.js";
import { readContracts } from "../contract-files.js";

export const diff: Command = {
  name: "contract diff",
  usage: "OLD NEW",
  summary: "Say what changed between two manifests or exported contracts; exit code 1 when it breaks peers.",
  options: {},
  positionals: [2, 2],
  async run(given): Promise<Result> {
    const [old = "", fresh = ""] = given.positionals;
    const compared = contractDiff(readContracts(old), readContracts(fresh));
    const { text, ...json } = compared;
    return { code: compared.breaking ? 1 : 0, text, json };
  },
};
