/**
 * Child processes of the tests: a script of `processes/`, which prints JSON lines. It ends when its stdin is closed or by a
 * signal.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ownProcesses = new URL("../processes/", import.meta.url);

/** One line that a child printed. */
export interface Line {
  readonly event: string;
  readonly [member: string]: unknown;
}

/** The end of a child. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A running program that prints JSON lines. */
export class Program {
  readonly process: ChildProcess;
  /** Settles when the process has ended and its output was read. */
  readonly ended: Promise<Ending>;
  readonly lines: Line[] = [];
  readonly #waiting = new Set<() => void>();
  #stderr = "";
  #gone = false;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.process = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    createInterface({ input: child.stdout }).on("line", (text) => {
      this.lines.push(JSON.parse(text) as Line);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#gone = true;
        this.#wake();
        resolve({ code, signal, stderr: this.#stderr });
      });
    });
  }

  /** The first line with an event. It may have arrived already. */
  async line(event: string): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => line.event === event);
      if (found !== undefined) return found;
      if (this.#gone) throw new Error(`the child ended before "${event}": ${this.#stderr}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Sends one word to a child that reads stdin. */
  say(word: string): void {
    this.process.stdin?.write(`${word}\n`);
  }

  /** Ends the child now, if it still runs. */
  async kill(): Promise<Ending> {
    if (!this.#gone) this.process.kill("SIGKILL");
    return this.ended;
  }

  #wake(): void {
    for (const waiting of this.#waiting) waiting();
    this.#waiting.clear();
  }
}

/** A running script. */
export class Child extends Program {
  /**
   * @param folder where the script is; that of the boundary tests by default
   * @param env variables in addition to those of this process
   */
  constructor(
    script: string,
    args: readonly string[],
    flags: readonly string[],
    folder: URL = ownProcesses,
    env: Readonly<Record<string, string>> = {},
  ) {
    super(process.execPath, [...flags, fileURLToPath(new URL(script, folder)), ...args], env);
  }
}

/** Starts a script of `processes/`. */
export function child(
  script: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Child {
  return new Child(script, args, flags, ownProcesses, env);
}
