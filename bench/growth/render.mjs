// Prints the results of `npm run bench:growth` as Markdown: for each axis the calls/s, the ratio to grpc-js over TLS, the CPU
// time of a call and how much the server's memory grew while it was measured.
import { describeRun, table } from "../markdown.mjs";
import { peers } from "../rpc/peers/index.mjs";
import { format, summarize } from "../statistics.mjs";
import { axes } from "./points.mjs";

const baseline = "grpc-js";

/** The whole report as Markdown. */
export function renderGrowth(results) {
  const names = [...new Set(results.cells.map(({ peer }) => peer))];
  const chosen = Object.keys(axes).filter((axis) => results.cells.some((cell) => cell.axis === axis));
  const parts = chosen.map((axis) => `${axes[axis].title}:\n\n${axisTable(results, axis, names)}`);
  return [describeRun(results), ...parts, notes(results)].filter((part) => part !== "").join("\n\n");
}

function axisTable({ cells }, axis, names) {
  const labels = [...new Set(cells.filter((cell) => cell.axis === axis).map(labelOf))];
  const others = names.filter((name) => name !== baseline && names.includes(baseline));
  const head = [
    axis,
    ...names.map((name) => `${peers[name].title}, calls/s`),
    ...others.map((name) => `${peers[name].title}, ratio`),
    ...names.map((name) => `${peers[name].title}, CPU us/call`),
    ...names.map((name) => `${peers[name].title}, server + MiB`),
  ];
  const rows = labels.map((label) => {
    const figure = (name, member) =>
      medianOf(
        cells.find((cell) => cell.axis === axis && labelOf(cell) === label && cell.peer === name),
        member,
      );
    return [
      label,
      ...names.map((name) => format(figure(name, "perSecond"))),
      ...others.map((name) => ratio(figure(name, "perSecond"), figure(baseline, "perSecond"))),
      ...names.map((name) => format(figure(name, "cpuUsPerUnit"))),
      ...names.map((name) => format(figure(name, "serverGrowthMiB"))),
    ];
  });
  return table(head, rows);
}

const labelOf = ({ axis, point }) => axes[axis].label(point);

function medianOf(cell, member) {
  return summarize((cell?.samples ?? []).map((sample) => sample[member]))?.median;
}

function ratio(mine, theirs) {
  return mine === undefined || theirs === undefined ? "-" : `${format(mine / theirs)}x`;
}

function notes({ cells }) {
  const lines = cells.flatMap((cell) => {
    const failed = cell.samples.find(({ error }) => error !== undefined);
    return failed === undefined
      ? []
      : [`- ${peers[cell.peer].title}, ${labelOf(cell)} failed: ${failed.error}`];
  });
  return lines.join("\n");
}
