/** `aster link`: a link in a process of its own, which lines of JSON drive, on its standard input or on a local TCP port. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { AsterClient, AsterServer, Code } from "aster-rpc";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fresh, Probe, probe } from "../boundary/support/probe.mjs";
import { failureOf } from "../boundary/support/until.js";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let server: AsterServer;
let running: ChildProcess;
beforeEach(async () => {
  server = await AsterServer.start({ ...fresh, services: [probe()], access: "open" });
});
afterEach(async () => {
  running.kill();
  await server.close();
});

/** One line of JSON after the other. */
class Conversation {
  readonly #lines: AsyncIterator<string>;
  readonly #output: Writable;

  constructor(input: Readable, output: Writable) {
    const reader: Interface = createInterface({ input });
    this.#lines = reader[Symbol.asyncIterator]();
    this.#output = output;
  }

  async next(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the link says nothing more");
    return JSON.parse(value as string) as Record<string, unknown>;
  }

  ask(line: object | string): Promise<Record<string, unknown>> {
    this.#output.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
    return this.next();
  }
}

function start(...options: string[]): Conversation {
  running = spawn(process.execPath, [command, "link", server.ticket, ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return new Conversation(running.stdout as Readable, running.stdin as Writable);
}

async function through(facts: Record<string, unknown>): Promise<AsterClient> {
  return AsterClient.connect(facts.ticket as string, { bind: facts.bind as string, relay: "disabled" });
}

it("takes commands on its standard input, and ends with it", async () => {
  const control = start("--seed", "7");
  const facts = await control.next();
  expect(facts).toMatchObject({ seed: 7, bind: "[::1]:0" });
  const client = await through(facts);
  const stub = client.stub(Probe);
  expect((await stub.echo({ id: 1 })).id).toBe(1);
  expect(await control.ask({ id: "a", do: "set", faults: { loss: 0.05 }, direction: "toClient" })).toEqual({
    id: "a",
    ok: true,
    result: null,
  });
  for (let id = 0; id < 50; id += 1) expect((await stub.echo({ id })).id).toBe(id);
  expect(await control.ask({ do: "rebind" })).toMatchObject({ ok: true, result: [expect.any(String)] });
  expect((await stub.echo({ id: 2 })).id).toBe(2);
  const { result } = await control.ask({ id: 3, do: "stats" });
  expect(result).toMatchObject({ rebinds: 1, toServer: { arrived: expect.any(Number) } });
  await control.ask({ do: "blackhole" });
  const late = await failureOf(stub.echo({ id: 3 }, { timeoutMs: 300 }));
  expect(late).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await control.ask({ do: "clear" });
  expect((await stub.echo({ id: 4 })).id).toBe(4);
  await client.close();
  running.stdin?.end();
  expect((await once(running, "exit"))[0]).toBe(0);
});

it("answers wrong commands with an error, and changes nothing", async () => {
  const control = start();
  await control.next();
  const wrong: [object | string, string][] = [
    ["no json", "must be one line of JSON"],
    ["[]", "command"],
    ["null", "command"],
    [{ id: 1, do: "explode" }, "must be one of set"],
    [{ id: 1, do: "constructor" }, "must be one of set"],
    [{ id: 1, do: "set", faults: { loss: 2 } }, "loss"],
    [{ id: 1, do: "set", faults: { lost: 1 } }, "lost"],
    [{ id: 1, do: "set" }, "faults"],
    [{ id: 1, do: "clear", direction: "up" }, "direction"],
    [{ id: 1, do: "dropNext" }, "direction"],
    [{ id: 1, do: "stats", more: true }, "more"],
    [`{"do":"stats","x":"${"x".repeat(70_000)}"}`, "65536"],
  ];
  for (const [line, text] of wrong) {
    const answer = await control.ask(line);
    expect(answer.ok, JSON.stringify(answer)).toBe(false);
    expect(answer.error).toContain(text);
  }
  expect((await control.ask({ do: "stats" })).ok).toBe(true);
});

it("takes commands on a local TCP port", async () => {
  const facts = await start("--listen").next();
  const [host, port] = (facts.control as string).split(":");
  expect(host).toBe("127.0.0.1");
  const client = await through(facts);
  const first = connect(Number(port), host);
  const second = connect(Number(port), host);
  const [one, two] = [new Conversation(first, first), new Conversation(second, second)];
  expect((await one.ask({ do: "set", faults: { delayMs: 5 } })).ok).toBe(true);
  expect((await client.stub(Probe).echo({ id: 1 })).id).toBe(1);
  first.destroy();
  expect((await two.ask({ do: "clear" })).ok).toBe(true);
  second.end();
  await client.close();
  running.kill("SIGTERM");
  expect((await once(running, "exit"))[0]).toBe(143);
});
