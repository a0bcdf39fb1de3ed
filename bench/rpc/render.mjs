// Prints the results of the RPC bench as Markdown: figures, ratios to grpc-js over TLS in the same run, costs, notes.
import { describeRun, table } from "../markdown.mjs";
import { format, summarize } from "../statistics.mjs";
import { peers } from "./peers/index.mjs";

const baseline = "grpc-js";

/** A column: workload, member of a sample, and whether less is better. */
const columns = [
  { workload: "W1", title: "W1 calls/s", member: "perSecond" },
  { workload: "W1", title: "W1 p50 us", member: "p50Us", less: true },
  { workload: "W2", title: "W2 calls/s", member: "perSecond" },
  { workload: "W2", title: "W2 CPU us/call", member: "cpuUsPerUnit", less: true },
  { workload: "W3", title: "W3 items/s", member: "perSecond" },
  { workload: "W4", title: "W4 MiB/s", member: "perSecond" },
  { workload: "W5", title: "W5 KiB/conn", member: "serverKiBPerConnection", less: true },
];
const costs = [
  { workload: "W1", title: "W1 p99 us", member: "p99Us" },
  { workload: "W1", title: "W1 CPU us/call", member: "cpuUsPerUnit" },
  { workload: "W1", title: "W1 switches/call", member: "switchesPerUnit" },
  { workload: "W2", title: "W2 switches/call", member: "switchesPerUnit" },
  { workload: "W3", title: "W3 CPU us/item", member: "cpuUsPerUnit" },
  { workload: "W4", title: "W4 CPU ms/MiB", member: "cpuUsPerUnit", scale: 1e-3 },
  { workload: "W5", title: "W5 client KiB/conn", member: "clientKiBPerConnection" },
];

/** The whole report as Markdown. */
export function renderRpc(results) {
  const measured = columns.filter((column) =>
    results.cells.some(({ workload }) => workload === column.workload),
  );
  const present = costs.filter((column) =>
    results.cells.some(({ workload }) => workload === column.workload),
  );
  const names = [...new Set(results.cells.map(({ peer }) => peer))];
  const parts = [
    describeRun(results),
    "Median (lowest to highest) of the rounds:",
    tableOf(measured, names, (column, name) => spread(results, column, name)),
  ];
  if (names.includes(baseline)) {
    parts.push(
      `Ratio of the medians to ${peers[baseline].title} in this run; above 1 is better than it, in every column:`,
      tableOf(measured, names, (column, name) => ratio(results, column, name)),
    );
  }
  parts.push("Costs, client and server together:");
  parts.push(tableOf(present, names, (column, name) => format(value(results, column, name)?.median)));
  parts.push(notes(results, names));
  return parts.filter((part) => part !== "").join("\n\n");
}

function value(results, { workload, member, scale = 1 }, name) {
  const cell = results.cells.find((one) => one.peer === name && one.workload === workload);
  const figures = (cell?.samples ?? []).map((sample) => sample[member]);
  return summarize(figures.map((figure) => (typeof figure === "number" ? figure * scale : null)));
}

function spread(results, column, name) {
  const summary = value(results, column, name);
  if (summary === null) return failed(results, column, name) ? "failed" : "-";
  if (summary.samples === 1) return format(summary.median);
  return `${format(summary.median)} (${format(summary.low)} to ${format(summary.high)})`;
}

function failed(results, { workload }, name) {
  return results.cells.some(
    (one) => one.peer === name && one.workload === workload && one.samples.length > 0,
  );
}

function ratio(results, column, name) {
  const mine = value(results, column, name)?.median;
  const theirs = value(results, column, baseline)?.median;
  if (mine === undefined || theirs === undefined || mine <= 0 || theirs <= 0) return "-";
  return `${format(column.less === true ? theirs / mine : mine / theirs)}x`;
}

function tableOf(shown, names, cell) {
  const rows = names.map((name) => [peers[name].title, ...shown.map((column) => cell(column, name))]);
  return table(["peer", ...shown.map(({ title }) => title)], rows);
}

function notes(results, names) {
  const lines = names.flatMap((name) => {
    const { title, note, share } = peers[name];
    const less = Object.entries(share ?? {}).map(
      ([workload, part]) => `${workload} with ${part * 100} % of the amount`,
    );
    const said = [note, less.join(", ")].filter(Boolean).join(". ");
    return said === "" ? [] : [`- ${title}: ${said}.`];
  });
  const errors = results.cells.flatMap(({ peer, workload, samples }) => {
    const first = samples.find(({ error }) => error !== undefined);
    return first === undefined ? [] : [`- ${peers[peer].title}, ${workload} failed: ${first.error}`];
  });
  return [...lines, ...errors].join("\n");
}
