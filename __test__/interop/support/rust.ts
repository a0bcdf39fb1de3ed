/** The Rust peers of the interop tests: the example programs of `crates/rpc`, which `npm run setup` builds. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const built = (name: string): string =>
  fileURLToPath(new URL(`../../../.cache/interop/rust/${name}`, import.meta.url));

/** True when the programs exist. */
export const rustPeers: boolean = existsSync(built("lab_server")) && existsSync(built("lab_client"));

interface Event {
  readonly event: string;
  readonly [member: string]: unknown;
}

function start(name: string, args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  return spawn(built(name), args, { stdio: ["pipe", "pipe", "inherit"] });
}

async function* eventsOf(output: Readable): AsyncGenerator<Event> {
  for await (const line of createInterface({ input: output })) yield JSON.parse(line) as Event;
}

/** A running `lab_server`. */
export interface RustServer {
  readonly ticket: string;
  readonly endpointId: string;
  readonly contracts: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startRustServer(): Promise<RustServer> {
  const program = start("lab_server", []);
  const closed = once(program, "close");
  const first = await eventsOf(program.stdout).next();
  if (first.done) throw new Error("lab_server did not start; its output stands above");
  const stop = async () => {
    program.stdin.end();
    await closed;
  };
  return { ...(first.value as unknown as Omit<RustServer, "stop">), stop };
}

/** The names of the cases of `lab_client`, read from its text, so that each case is a test. */
export function rustCases(): string[] {
  const file = new URL("../../../crates/rpc/examples/lab_client.rs", import.meta.url);
  const list = /cases!\[\s*self:([^\]]*)\]/.exec(readFileSync(file, "utf8"))?.[1] ?? "";
  return [...list.matchAll(/\w+/g)].map(([name]) => name.replaceAll("_", " "));
}

/** Runs all cases against a server. Returns the problem of each case, or null, and under "contract" the two ids of Lab. */
export async function runRustClient(
  ticket: string,
  mode: "xlang" | "json",
): Promise<{ cases: Map<string, string | null>; contract: { here: string; there: string } }> {
  const program = start("lab_client", [ticket, mode]);
  program.stdin.end();
  const cases = new Map<string, string | null>();
  let contract = { here: "", there: "" };
  for await (const event of eventsOf(program.stdout)) {
    if (event.event === "case") cases.set(event.name as string, event.problem as string | null);
    else contract = event as unknown as typeof contract;
  }
  return { cases, contract };
}
