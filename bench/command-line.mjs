// The command line of the benches: --only, --rounds, --quick, --json, --out, --help.
import { parseArgs } from "node:util";
import { Problem } from "../scripts/support/console.mjs";

/**
 * Reads the arguments. `groups` are lists of names for `--only`. If `--only` names no member of a group, the whole group
 * is selected. Returns null after printing the help; throws for unknown arguments.
 */
export function readCommandLine(args, { command, name, rounds: defaultRounds, groups }) {
  const known = Object.entries(groups).map(
    ([what, names]) => `                 ${what}: ${names.join(", ")}`,
  );
  const help = `npm run ${command} -- [options]
  --only a,b    what to run, comma-separated (default: everything)
${known.join("\n")}
  --rounds n    interleaved rounds, each with fresh processes (default ${defaultRounds}; 1 with --quick)
  --quick       short and small: proves that everything works, its figures mean nothing
  --json        print the results as JSON on standard output, progress on standard error
  --out file    where the results go, relative to bench/results (default ${name}.json, or
                raw/${name}-partial.json with --quick, --only or --rounds)
  --help`;
  const string = { type: "string" };
  const flag = { type: "boolean", default: false };
  const options = {
    only: { ...string, default: "" },
    rounds: string,
    out: string,
    json: flag,
    quick: flag,
    help: flag,
  };
  const { values } = parseArgs({ args, options });
  if (values.help) {
    console.log(help);
    return null;
  }
  const only = values.only.split(",").filter((one) => one !== "");
  const unknown = only.filter((one) => !Object.values(groups).flat().includes(one));
  if (unknown.length > 0)
    throw new Problem(`--only has unknown names: ${unknown.join(", ")}.`, `npm run ${command} -- --help`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : defaultRounds));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Problem("--rounds must be a positive integer.");
  const chosen = Object.entries(groups).map(([what, names]) => {
    const named = names.filter((one) => only.includes(one));
    return [what, named.length > 0 ? named : names];
  });
  const partial = values.quick || only.length > 0 || values.rounds !== undefined;
  const out = values.out ?? (partial ? `raw/${name}-partial.json` : `${name}.json`);
  return { ...Object.fromEntries(chosen), rounds, quick: values.quick, json: values.json, out };
}
