// The Python process of the differential test: one line for each request, one line for each answer.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { World } from "../../fuzz/support/types.ts";
import type { Contract, ServiceType } from "./contracts.ts";

const script = fileURLToPath(new URL("../python/echo.py", import.meta.url));
const python = fileURLToPath(new URL("../../interop/.venv/bin/python", import.meta.url));

/** True when the virtual environment of the interop tests exists. The codec alone needs no network namespace. */
export const hasPython: boolean = existsSync(python);

export interface Request {
  readonly world: World;
  /** Messages to decode and encode again, as hexadecimal. */
  readonly echo: readonly string[];
  /** The number of values that Python must make. */
  readonly make: number;
  readonly seed: number;
  /** Messages that may be invalid. */
  readonly damaged: readonly string[];
}

/** The text of a value and its bytes, or the reason why there is none. */
export type Outcome = readonly [text: string, hex: string] | readonly [error: string];

export interface Answer {
  readonly echo: readonly Outcome[];
  readonly made: readonly Outcome[];
  readonly damaged: readonly Outcome[];
}

/** Sends requests and returns the answers in order. */
export interface Reference {
  ask(request: Request): Promise<Answer>;
  contracts(request: {
    readonly world: World;
    readonly services: readonly ServiceType[];
  }): Promise<Contract[]>;
  json(request: { readonly world: World; readonly json: readonly string[] }): Promise<[string, string?][]>;
  stop(): Promise<void>;
}

export function startReference(): Reference {
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function answer(request: { readonly world: World }): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await lines.next();
    if (line.done)
      throw new Error(`echo.py ended; its output stands above. World: ${JSON.stringify(request.world)}`);
    return JSON.parse(line.value);
  }
  return {
    ask: (request) => answer(request) as Promise<Answer>,
    json: async (request) => ((await answer(request)) as { json: [string, string?][] }).json,
    contracts: async (request) => ((await answer(request)) as { contracts: Contract[] }).contracts,
    stop() {
      child.stdin.end();
      return closed;
    },
  };
}
