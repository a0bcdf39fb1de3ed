// `aster link`: a link with faults as a process, which any other process drives with lines of JSON.
//
// Owns: where the lines come from, and the end of the process. Does not own: the commands (testing/link-control.ts).

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { type Link, link } from "../testing/link.js";
import { answer, introduction, MOST_LINE } from "../testing/link-control.js";
import { CommandError, type Given, type Result, type Surroundings, UsageError } from "./command.js";

/** Runs a link until the standard input ends, or, with `--listen`, until the process is interrupted. */
export async function runLink(given: Given, surroundings: Surroundings): Promise<Result> {
  const seed = given.text("seed");
  if (seed !== undefined && !/^\d{1,15}$/.test(seed)) throw new UsageError("--seed must be a whole number");
  const to = given.positionals[0] as string;
  const between = await link({ to, ...(seed === undefined ? {} : { seed: Number(seed) }) });
  try {
    if (given.flag("listen")) await listen(between, surroundings);
    else {
      surroundings.stdout.write(introduction(between));
      for await (const line of lines(surroundings.stdin)) surroundings.stdout.write(answer(between, line));
    }
    const stats = between.stats();
    return { code: 0, text: JSON.stringify({ ended: true, stats }), json: { ended: true, stats } };
  } finally {
    await between.close();
  }
}

/** Takes commands from TCP connections on loopback. */
async function listen(between: Link, { stdout, signal }: Surroundings): Promise<void> {
  const server = createServer((socket) => void converse(between, socket));
  server.listen(0, "127.0.0.1");
  await Promise.race([once(server, "listening"), failed(server)]);
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new CommandError("the control port has no number");
  const facts = JSON.parse(introduction(between)) as object;
  stdout.write(`${JSON.stringify({ ...facts, control: `127.0.0.1:${address.port}` })}\n`);
  try {
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    server.close();
  }
}

async function failed(server: Server): Promise<never> {
  const [error] = (await once(server, "error")) as [Error];
  throw new CommandError(`the control port cannot be opened: ${error.message}`);
}

async function converse(between: Link, socket: Socket): Promise<void> {
  try {
    for await (const line of lines(socket)) socket.write(answer(between, line));
    socket.end();
  } catch {
    socket.destroy(); // the other process is gone
  }
}

/** The lines of a stream. One that is too long is given cut, so that it is refused, and its rest is left out. */
async function* lines(input: Readable): AsyncGenerator<string> {
  input.setEncoding("utf8");
  let line = "";
  for await (const chunk of input) {
    const parts = (chunk as string).split("\n");
    const last = parts.pop() as string;
    for (const part of parts) {
      yield (line + part).slice(0, MOST_LINE + 1);
      line = "";
    }
    line = (line + last).slice(0, MOST_LINE + 1);
  }
  if (line.trim() !== "") yield line;
}
