// The reading methods that the rows bench compares, and its results as Markdown.
import { describeRun, table } from "../markdown.mjs";
import { format, summarize } from "../statistics.mjs";

const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** Each method reads the whole table or one column, and returns the values that a user would keep. */
export const ways = {
  open: {
    title: "the check alone, one row read",
    read(form, bytes) {
      const kept = form.table(bytes);
      return { kept, sum: 1 + kept.row(0).amountCents };
    },
  },
  column: {
    title: "check, one column of numbers",
    read(form, bytes) {
      const kept = form.table(bytes).column("amountCents").toTypedArray();
      return { kept, sum: sumOf(kept) };
    },
  },
  text: {
    title: "check, one column of text",
    read(form, bytes) {
      const kept = form.table(bytes).column("city").toArray();
      return { kept, sum: kept.length };
    },
  },
  objects: {
    title: "check, all rows as objects",
    read(form, bytes) {
      const kept = form.table(bytes).toArray();
      return { kept, sum: sumOf(kept.map(({ amountCents }) => amountCents)) };
    },
  },
  json: {
    title: "JSON.parse, one column",
    read(_form, bytes) {
      const kept = JSON.parse(bytes.toString());
      return { kept, sum: sumOf(kept.map(({ amountCents }) => amountCents)) };
    },
  },
};

/** The whole report as Markdown. */
export function renderRows(results) {
  const { cells, sizes, rows } = results;
  const spread = (samples, member) => {
    const summary = summarize(samples.map((sample) => sample[member]));
    if (summary === null) return "failed";
    return `${format(summary.median)} (${format(summary.low)} to ${format(summary.high)})`;
  };
  const lines = cells.map(({ way, samples }) => [
    ways[way].title,
    ...["ms", "keptMiB", "peakMiB"].map((member) => spread(samples, member)),
  ]);
  const size = (bytes) => `${format(bytes / 2 ** 20)} MiB`;
  const intro = `${rows.toLocaleString("en-US")} rows of 8 fields: ${size(sizes.table)} as a table, ${size(sizes.json)} as JSON. Median (lowest to highest) of the processes.`;
  return [describeRun(results), intro, table(["reading", "ms", "kept MiB", "peak MiB"], lines)].join("\n\n");
}
