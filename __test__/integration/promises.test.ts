/** Guarantees for callers and handlers when peers stop, disappear or cancel. */
import { randomBytes } from "node:crypto";
import { AsterClient, AsterError, AsterServer, Code, generateSecretKey, implement } from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { aborted, fresh, local, Probe, probe, tally } from "../boundary/support/probe.mjs";
import { failureOf, took, until } from "../boundary/support/until.js";
import { ownAddress } from "./fixtures/own-address.js";

const children: Child[] = [];
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of children.splice(0)) await one.kill();
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function start(args: readonly string[] = []): Child {
  const one = child("server.mjs", args);
  children.push(one);
  return one;
}

async function connected(server: Child): Promise<AsterClient> {
  const { ticket } = await server.line("ready");
  const client = await AsterClient.connect(ticket as string, local);
  open.push(client);
  return client;
}

async function pair(seen = tally(), told = (_what: string, _method: string) => {}) {
  const server = await AsterServer.start({ ...fresh, services: [probe(seen, told)], access: "open" });
  open.push(server);
  const client = await AsterClient.connect(server.ticket, local);
  open.push(client);
  return { server, client, stub: client.stub(Probe), seen };
}

async function drawn(stream: AsyncIterable<{ id: number }>): Promise<number> {
  let count = 0;
  for await (const { id } of stream) {
    expect(id).toBe(count);
    count += 1;
  }
  return count;
}

describe("a call ends by its deadline plus 250 ms", () => {
  it("when the process of the peer is stopped during the call", async () => {
    const server = start(["--quiet"]);
    const stub = (await connected(server)).stub(Probe);
    const stream = stub.count({ id: -1, data: new Uint8Array(1000) }, { timeoutMs: 600 });
    await stream.next();
    server.process.kill("SIGSTOP");
    const late = { timeoutMs: 600 };
    async function* forever() {
      for (let id = 0; ; id++) yield { id, data: new Uint8Array(10_000) };
    }
    const chat = stub.talk(late);
    const calls = [
      failureOf(stub.echo({ id: 1 }, late)),
      failureOf(stub.echo({ id: 1, data: new Uint8Array(8_000_000) }, late)),
      failureOf(stub.sum(forever(), late)),
      failureOf(stub.count({ id: 5 }, late).next()),
      failureOf(drawnRest(stream)),
      failureOf(chat.next()),
    ];
    const ms = await Promise.all(calls.map((call) => took(() => call)));
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED, isLocal: true });
    }
    expect(Math.max(...ms)).toBeLessThan(600 + 250);
  });

  it("when no server listens at the address", async () => {
    const gone = await AsterServer.start({ ...fresh, services: [probe()], access: "open" });
    const { ticket } = gone;
    await gone.close();
    const ms = await took(() => failureOf(AsterClient.connect(ticket, { ...local, timeoutMs: 400 })));
    expect(ms).toBeLessThan(400 + 250);
  });

  it("when its handler ignores the abort; the handler's signal aborts", async () => {
    let isAborted = false;
    const stubborn = implement(Probe, {
      ...(handlersThatHang() as object),
      hang: async (_: unknown, { signal }: { signal: AbortSignal }) => {
        await aborted(signal);
        isAborted = true;
        return new Promise(() => {});
      },
    } as never);
    const server = await AsterServer.start({ ...fresh, services: [stubborn], access: "open" });
    open.push(server);
    const client = await AsterClient.connect(server.ticket, local);
    open.push(client);
    const ms = await took(() => failureOf(client.stub(Probe).hang({ id: 1 }, { timeoutMs: 300 })));
    expect(ms).toBeLessThan(300 + 250);
    await until(() => isAborted, 500, "the handler's signal aborts");
  });
});

function handlersThatHang(): object {
  const names = ["echo", "count", "sum", "talk", "loose"];
  return Object.fromEntries(names.map((name) => [name, () => new Promise(() => {})]));
}

describe("when the caller cancels, its handler learns of it within 500 ms", () => {
  it("by an aborted signal", async () => {
    let heard: (() => void) | undefined;
    const abort = new Promise<void>((resolve) => (heard = resolve));
    const { stub, seen } = await pair(tally(), (what) => what === "aborted" && heard?.());
    const controller = new AbortController();
    const call = failureOf(stub.hang({ id: 1 }, { signal: controller.signal }));
    await until(() => seen.started === 1, 2000, "the handler runs");
    const ms = await took(async () => {
      controller.abort();
      await Promise.all([call, abort]);
    });
    expect(await call).toMatchObject({ code: Code.CANCELLED });
    expect(ms).toBeLessThan(500);
  });

  it.each(["break", "return", "abort", "close"])(
    "by the return() of its generator, after %s",
    async (way) => {
      let heard: (() => void) | undefined;
      const returned = new Promise<void>((resolve) => (heard = resolve));
      const { stub, client } = await pair(tally(), (what) => what === "returned" && heard?.());
      const controller = new AbortController();
      const stream = stub.count({ id: -1, data: new Uint8Array(100) }, { signal: controller.signal });
      await stream.next();
      const ms = await took(async () => {
        if (way === "break") for await (const _ of stream) break;
        if (way === "return") await stream.return();
        if (way === "abort") controller.abort();
        if (way === "close") await client.close();
        await returned;
      });
      expect(ms).toBeLessThan(500);
    },
  );

  it("also when the caller's process was killed", async () => {
    const server = start();
    const { ticket } = await server.line("ready");
    const caller = child("client.mjs", [ticket as string, "exit"]);
    children.push(caller);
    await caller.line("ready");
    await caller.ended;
    const ms = await took(() => server.line("aborted hang"));
    expect(ms).toBeLessThan(500);
  });
});

describe("OK means that the handler finished exactly once", () => {
  it("with calls that succeed, abort and time out at the same time", async () => {
    const { server, stub, seen } = await pair();
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, async (_, id) => {
        if (id % 3 === 0) return stub.echo({ id }).then(() => "ok");
        const options = id % 3 === 1 ? { signal: AbortSignal.timeout(id % 7) } : { timeoutMs: 1 + (id % 7) };
        return stub.echo({ id, data: new Uint8Array(20_000) }, options).then(
          () => "ok",
          (error: AsterError) => (error.notSent ? "not sent" : "unknown"),
        );
      }),
    );
    await until(async () => (await server.node.info()).openCalls === 0, 2000, "every call is over");
    const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
    expect(outcomes.filter((_, id) => id % 3 === 0)).toEqual(Array.from({ length: 100 }, () => "ok"));
    expect(seen.finished).toBeGreaterThanOrEqual(count("ok"));
    expect(seen.finished).toBeLessThanOrEqual(count("ok") + count("unknown"));
    expect(seen.started).toBeLessThanOrEqual(300 - count("not sent"));
  });
});

describe("drain(t)", () => {
  it("finishes running calls and refuses new ones", async () => {
    const { server, stub, seen } = await pair();
    // More than all buffers on the way can hold, so handlers cannot end before their readers have read.
    const data = randomBytes(128 * 1024);
    const running = Array.from({ length: 4 }, (_, id) => stub.count({ id: 200 + id, data }));
    for (const stream of running) await stream.next();
    const draining = server.drain({ timeoutMs: 5000 });
    await until(async () => (await server.node.info()).draining, 1000, "the drain has begun");
    const late = failureOf(stub.echo({ id: 1 }));
    expect(await late).toMatchObject({ code: Code.UNAVAILABLE, isLocal: false });
    const counts = await Promise.all(running.map((stream) => drawnRest(stream)));
    await draining;
    expect(counts).toEqual([199, 200, 201, 202]);
    expect(seen).toMatchObject({ started: 4, finished: 4 });
  });

  it("cancels the rest at t and settles before t + 1 s", async () => {
    const { server, stub, seen } = await pair();
    const hanging = [failureOf(stub.hang({ id: 1 })), failureOf(drawn(stub.count({ id: -1 })))];
    await until(() => seen.started === 2, 2000, "both handlers run");
    const ms = await took(() => server.drain({ timeoutMs: 400 }));
    expect(ms).toBeGreaterThan(390);
    expect(ms).toBeLessThan(400 + 1000);
    for (const error of await Promise.all(hanging)) expect(error).toMatchObject({ code: Code.UNAVAILABLE });
    expect(seen.aborted + seen.returned).toBe(2);
  });

  it("in another process under load loses no running call", async () => {
    const server = start(["--quiet"]);
    const stub = (await connected(server)).stub(Probe);
    let ok = 0;
    let refused = 0;
    const lane = async () => {
      for (;;) {
        try {
          await stub.echo({ id: 1 }, { timeoutMs: 1500 });
          ok += 1;
        } catch (error) {
          // Refused during the drain, lost when it closes, and unreachable after that.
          expect([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED]).toContain((error as AsterError).code);
          refused += 1;
          return;
        }
        if (ok === 300) server.say("drain 2000");
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    const drained = await server.line("drained");
    expect(drained.ms as number).toBeLessThan(3000);
    expect(drained).toMatchObject({ started: ok, finished: ok });
    expect(refused).toBe(8);
  });
});

async function drawnRest(stream: AsyncIterable<{ id: number }>): Promise<number> {
  let count = 0;
  for await (const { id } of stream) {
    count += 1;
    expect(id).toBe(count);
  }
  return count;
}

describe("a server that was killed", () => {
  // It sent no goodbye, and a new server answers at its address. Only the silence of the old connection shows the failure.
  it("leaves no call without an end, and clients reach the next server within 10 s", async () => {
    const key = Buffer.from(generateSecretKey()).toString("hex");
    const first = start(["--quiet", "--key", key, "--bind", ownAddress()]);
    const { addresses } = await first.line("ready");
    const client = await connected(first);
    const stub = client.stub(Probe);
    const pending = failureOf(stub.hang({ id: 1 }, { timeoutMs: 1000 }));
    await stub.echo({ id: 1 });
    await first.kill();

    const second = start(["--quiet", "--key", key, "--bind", (addresses as string[])[0]!]);
    await second.line("ready");
    expect(AsterError.from(await pending).code).toSatisfy(
      (code: Code) => code === Code.UNAVAILABLE || code === Code.DEADLINE_EXCEEDED,
    );
    const reached = async () =>
      stub.echo({ id: 2 }, { timeoutMs: 1000 }).then(
        ({ id }) => id === 2,
        () => false,
      );
    await until(reached, 10_000, "a call reaches the successor");
  });

  it("ends calls without a deadline as UNAVAILABLE within 10 s, and the next call reaches the successor", async () => {
    const key = Buffer.from(generateSecretKey()).toString("hex");
    const first = start(["--quiet", "--key", key, "--bind", ownAddress()]);
    const { addresses } = await first.line("ready");
    const client = await connected(first);
    const stub = client.stub(Probe);
    await stub.echo({ id: 1 });
    await first.kill();
    const second = start(["--quiet", "--key", key, "--bind", (addresses as string[])[0]!]);
    await second.line("ready");

    const forever = { timeoutMs: null };
    const lost = [1, 2, 3].map((id) => failureOf(stub.echo({ id }, forever)));
    const ms = await took(() => Promise.all(lost));
    for (const failure of lost) expect(AsterError.from(await failure).code).toBe(Code.UNAVAILABLE);
    expect(ms).toBeLessThan(10_000);
    expect(await stub.echo({ id: 4 }, forever)).toMatchObject({ id: 4 });
  });
});
