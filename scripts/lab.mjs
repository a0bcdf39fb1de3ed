/**
 * Runs every cell of the network lab and writes the table of docs/network.md.
 *
 *   npm run lab -- [--trials 3] [--lanes 2]
 *
 * Needs Linux, `ip`, `nft`, and root or user namespaces.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FAMILIES, isDirect, labProblem, NATS, runLab, UDP } from "../__test__/network/lab/run.mjs";
import { Missing, main, say } from "./support/console.mjs";
import { at } from "./support/process.mjs";

const [BEGIN, END] = ["<!-- lab -->", "<!-- /lab -->"];

const median = (numbers) => sorted(numbers)[numbers.length >> 1];
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

function row(family, nats, udp, results) {
  const worked = results.filter(({ error, answered }) => error === undefined && answered);
  const direct = worked.filter(({ kind }) => kind === "direct");
  const path = direct.length === worked.length ? "direct" : direct.length === 0 ? "relay" : "both";
  const expected = isDirect({ nats, udp }) ? "direct" : "relay";
  const times = (numbers) => (numbers.length === 0 ? "-" : `${Math.round(median(numbers))} ms`);
  const cells = [
    `IP${family}`,
    ...nats,
    udp,
    `${worked.length} of ${results.length}`,
    path === expected ? path : `**${path}** (${direct.length} direct)`,
    times(worked.map(({ firstCallMs }) => firstCallMs)),
    times(direct.map(({ directMs }) => directMs)),
    worked.length === 0
      ? "-"
      : `${Math.round(median(worked.map(({ bytesRelayed }) => bytesRelayed)) / 1000)} kB`,
  ];
  return `| ${cells.join(" | ")} |`;
}

await main(async () => {
  const { values } = parseArgs({
    options: { trials: { type: "string", default: "3" }, lanes: { type: "string", default: "2" } },
  });
  const problem = labProblem();
  if (problem !== null) throw new Missing(problem);
  const pairs = NATS.flatMap((one) => NATS.map((other) => [one, other]));
  const kinds = FAMILIES.flatMap((family) =>
    UDP.flatMap((udp) => pairs.map((nats) => ({ family, nats, udp }))),
  );
  const cells = Array.from({ length: Number(values.trials) }, () => kinds).flat();
  let done = 0;
  const results = await runLab(cells, Number(values.lanes), (result) => {
    done += 1;
    const outcome = result.error ?? `${result.kind}, first call after ${result.firstCallMs} ms`;
    say(
      `${done}/${cells.length} ${result.family} ${result.nats.join(" to ")}, UDP ${result.udp}: ${outcome}`,
    );
  });
  const of = ({ family, nats, udp }) => `${family} ${nats} ${udp}`;
  const rows = kinds.map((kind) =>
    row(
      kind.family,
      kind.nats,
      kind.udp,
      results.filter((result) => of(result) === of(kind)),
    ),
  );
  const head = [
    "| | client | server | UDP | connected | path | first call | direct after | through the relay |",
    "|---|---|---|---|---|---|---|---|---|",
  ];
  const page = at("docs", "network.md");
  const text = readFileSync(page, "utf8");
  const [before, rest] = text.split(BEGIN);
  const after = rest.split(END)[1];
  writeFileSync(page, `${before}${BEGIN}\n${[...head, ...rows].join("\n")}\n${END}${after}`);
  return 0;
});
