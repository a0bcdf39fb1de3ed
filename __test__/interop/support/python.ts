/**
 * The Python peers of the interop tests: starting the scripts of `python/` and reading their JSON lines.
 *
 * Everything runs inside a network namespace that `npm test` makes (`scripts/support/loopback.mjs`). Outside of one, the
 * suites are skipped, because the reference would contact the public network.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

const folder = fileURLToPath(new URL("../python/", import.meta.url));
const python = fileURLToPath(new URL("../.venv/bin/python", import.meta.url));

/** `describe` for tests that need the Python reference. Run them with `npm test`. */
export const describeInterop: ReturnType<typeof describe.skipIf> = describe.skipIf(
  process.env.ASTER_INTEROP !== "run",
);

type Script = ChildProcessByStdio<Writable, Readable, null>;
type Event = { readonly event: string; readonly [member: string]: unknown };

/** Starts a script of `python/`. Its stderr goes to ours. */
export function startScript(args: readonly string[]): Script {
  return spawn(python, [...args], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
}

/** The events of the script, until its end. A line that is not JSON fails the run. */
async function* eventsOf(script: Script): AsyncGenerator<Event> {
  for await (const line of createInterface({ input: script.stdout })) yield JSON.parse(line) as Event;
}

/** A running `server.py`. */
export interface PythonServer {
  readonly ticket: string;
  readonly endpointId: string;
  readonly directAddresses: readonly string[];
  readonly contracts: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts the Lab services in Python. */
export async function startPythonServer(): Promise<PythonServer> {
  const script = startScript(["server.py"]);
  const closed = once(script, "close");
  const first = await eventsOf(script).next();
  if (first.done || first.value.event !== "ready")
    throw new Error("server.py did not start; its output stands above");
  const stop = async () => {
    script.stdin.end();
    await closed;
  };
  return { ...(first.value as unknown as Omit<PythonServer, "stop">), stop };
}

/** The ways in which the Python client calls. */
export type PythonMode = "xlang" | "json" | "json-as-shipped" | "proxy";

const typedModes: readonly PythonMode[] = ["xlang", "json", "json-as-shipped"];

/** The cases that the Python client runs: those of the file `SUITE_cases.py`. */
export type PythonSuite = "lab" | "ref_echo" | "ref_session";

/** The names of a suite's cases in a mode, read from the text of its file, so that each case is a test. */
export function pythonCases(suite: PythonSuite, mode: PythonMode): string[] {
  const source = readFileSync(`${folder}${suite}_cases.py`, "utf8");
  const names: string[] = [];
  for (const [, modes = "", name = ""] of source.matchAll(/^@case\(([^)]*)\)\nasync def (\w+)/gm)) {
    const listed = modes === "" ? typedModes : modes.split(",").map((word) => word.trim().slice(1, -1));
    if (listed.includes(mode)) names.push(name.replaceAll("_", " "));
  }
  return names;
}

/** Runs all cases of a suite in a mode against a server. Returns the problem of each case, or null. */
export async function runPythonClient(
  ticket: string,
  suite: PythonSuite,
  mode: PythonMode,
): Promise<Map<string, string | null>> {
  const script = startScript(["client.py", ticket, "--suite", suite, "--mode", mode]);
  script.stdin.end();
  const outcomes = new Map<string, string | null>();
  for await (const event of eventsOf(script)) {
    if (event.event === "case") outcomes.set(event.name as string, event.problem as string | null);
  }
  return outcomes;
}
