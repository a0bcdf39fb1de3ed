/** A process in a namespace that is driven by lines of JSON. */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

export class Child {
  #process;
  #waiting = [];
  #lines = [];
  #ended = null;
  #stderr = "";

  constructor([command, ...args], env = {}) {
    this.#process = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.#process.stderr.on("data", (data) => {
      this.#stderr = (this.#stderr + data).slice(-4000);
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lines.push(line);
      else next.resolve(line);
    });
    this.#process.on("exit", (code) => {
      this.#ended = new Error(`the process ended with ${code}: ${this.#stderr}`);
      for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
    });
  }

  /** The next line, parsed. */
  async line() {
    const known = this.#lines.shift();
    if (known !== undefined) return JSON.parse(known);
    if (this.#ended !== null) throw this.#ended;
    return JSON.parse(await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })));
  }

  /** Sends a command, and waits for its answer. */
  async ask(command) {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    const answer = await this.line();
    if (answer.error !== undefined) throw new Error(`${command.do}: ${answer.error}`);
    return answer;
  }

  signal(name) {
    this.#process.kill(name);
  }

  end() {
    this.#process.kill("SIGKILL");
  }
}
