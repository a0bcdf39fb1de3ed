// Writes the results of a run: a JSON file under bench/results (full runs are committed, raw/ is not), and the report.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Writes the results to `out`, relative to bench/results, and prints them: as Markdown, or as JSON if asked to. */
export function publish(results, { out, json, render }) {
  const path = resolve(import.meta.dirname, "results", out);
  mkdirSync(dirname(path), { recursive: true });
  const text = `${JSON.stringify(results, null, 1)}\n`;
  writeFileSync(path, text);
  if (json) process.stdout.write(text);
  else console.log(`\n${render(results)}`);
  console.error(`\nwritten: ${path}`);
}
