/** Log lines of the Rust core are passed to the loggers of this thread's nodes. */
import { describe, expect, it } from "vitest";
import { AsterClient, AsterServer, implement, message, service, t, unary } from "../../../ts/src/index.js";
import { listenToCore } from "../../../ts/src/port/core-log.js";
import { credential, newRoot } from "../support/credentials.ts";
import { collectingLogger, deferred, failureOf, Harness } from "./harness.js";

const Item = message("unit/Item", { id: t.int });
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;
const utf8 = new TextEncoder();

describe("a LOG event", () => {
  const send = (harness: Harness, line: unknown): void =>
    harness.native.event(harness.port.number, { kind: 17, payload: utf8.encode(JSON.stringify(line)) });

  it("goes once to each logger, also when several nodes share it, and to none after they stopped", async () => {
    const harness = new Harness();
    const [one, two] = [collectingLogger(), collectingLogger()];
    const stops = [listenToCore(one), listenToCore(one), listenToCore(two)];
    send(harness, { level: "warn", target: "aster_net", message: "words", fields: { peer: "ab" } });
    send(harness, { level: "trace", target: "aster_net", message: "more", fields: {} });
    const echo = harness.method("unary", (x: unknown) => x);
    await echo(1);
    const expected = [
      { level: "warn", message: "words", fields: { target: "aster_net", peer: "ab" } },
      { level: "debug", message: "more", fields: { target: "aster_net" } },
    ];
    expect(one.lines).toEqual(expected);
    expect(two.lines).toEqual(expected);
    stops[0]?.();
    stops[0]?.();
    stops[2]?.();
    send(harness, { level: "error", target: "aster_net", message: "last", fields: {} });
    await echo(1);
    expect(one.lines).toHaveLength(3);
    expect(two.lines).toHaveLength(2);
    stops[1]?.();
    harness.close();
  });

  it("is passed to the other loggers when one logger throws", async () => {
    const harness = new Harness();
    const broken = collectingLogger();
    broken.info = () => {
      throw new Error("full disk");
    };
    const sound = collectingLogger();
    const stops = [listenToCore(broken), listenToCore(sound)];
    send(harness, { level: "info", target: "aster_net", message: "words", fields: {} });
    await harness.method("unary", (x: unknown) => x)(1);
    expect(sound.lines).toHaveLength(1);
    for (const stop of stops) stop();
    harness.close();
  });
});

describe("the core", () => {
  it("logs why it refused an admission", async () => {
    const told = deferred<void>();
    const log = collectingLogger();
    const logger = {
      ...log,
      info(text: string, fields?: Readonly<Record<string, unknown>>) {
        log.info(text, fields);
        told.resolve();
      },
    };
    const Store = service("Store", {}, { get: unary(Item, Item) });
    const services = [implement(Store, { get: (item) => item })];
    const server = await AsterServer.start({
      ...local,
      identity: "ephemeral",
      services,
      access: "open",
      logger,
    });
    const client = await AsterClient.connect(server.ticket, local);
    await failureOf(AsterClient.connect(server.ticket, { ...local, credential: credential(newRoot()) }));
    await told.promise;
    expect(log.lines[0]).toMatchObject({
      level: "info",
      message: expect.stringContaining("admission refused"),
      fields: { target: expect.stringMatching(/^aster/), peer: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    await client.close();
    await server.close();
  });
});
