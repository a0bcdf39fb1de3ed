// The report of the loss bench, as Markdown.
import { describeRun, table } from "../markdown.mjs";
import { format, summarize } from "../statistics.mjs";

const percent = (share) => (share === undefined || share === null ? "-" : `${format(share * 100)} %`);
const range = ({ median, low, high } = {}, show = format) =>
  median === undefined ? "-" : `${show(median)} (${show(low)} to ${show(high)})`;

/** The report of a run. */
export function renderLoss(results) {
  const { plan, cells } = results;
  const samples = (workload) => cells.filter((cell) => cell.workload === workload);
  const one = samples("one-packet").map(({ peer, samples: found }) => [
    peer,
    range(summarize(found.flatMap(({ shares }) => shares)) ?? undefined, percent),
    range(summarize(found.flatMap(({ without }) => without)) ?? undefined, percent),
  ]);
  const column = (found, name) => range(summarize(found.map((sample) => sample[name])) ?? undefined);
  const bulk = samples("beside-bulk").map(({ peer, samples: found }) => [
    peer,
    ...["p50Ms", "p99Ms", "p999Ms", "bulkMiBPerSecond"].map((name) => column(found, name)),
  ]);
  return [
    describeRun(results),
    `100 concurrent calls of 512 bytes, round trip ${plan.rttMs} ms, ${plan.bursts} times a round. Share of calls that took half a round trip longer than the median without loss:`,
    table(["median (lowest to highest)", "one packet lost", "no packet lost"], one),
    `${plan.callsPerSecond} small calls a second beside an upload without end, ${format(plan.loss * 100)} % loss in both directions, round trip ${plan.rttMs} ms:`,
    table(["median of the rounds (range)", "p50, ms", "p99, ms", "p99.9, ms", "upload, MiB/s"], bulk),
  ].join("\n\n");
}
