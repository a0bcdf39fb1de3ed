// Markdown parts that the reports share.

/** A table whose first column is text and whose others are numbers, aligned to the right. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join(
    "\n",
  );
}

/** Date, machine and versions of a run, with a warning for a quick run. */
export function describeRun({ environment, rounds, quick }) {
  const { processor, cores, platform, kernel, node, commit, startedAt } = environment;
  const versions = Object.entries(environment.versions).map(([name, version]) => `${name} ${version}`);
  const warning = quick
    ? "**A quick run: it shows that everything works, its figures mean nothing.**\n\n"
    : "";
  const machine = `${processor}, ${cores} cores, ${platform}, kernel ${kernel}, Node ${node}`;
  const when = `${startedAt.slice(0, 10)}, commit ${commit}`;
  return `${warning}${when}; ${machine}; ${rounds} interleaved round${rounds === 1 ? "" : "s"}.\n${versions.join(", ")}.`;
}
