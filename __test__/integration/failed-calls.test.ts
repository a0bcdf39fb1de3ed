/** What a failed call tells: where it was made, which method it was, and the same in logs, without secrets. */
import { inspect } from "node:util";
import {
  AsterClient,
  AsterError,
  AsterServer,
  Code,
  clientStream,
  implement,
  type LogFields,
  message,
  type Stub,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const Ask = message("failed/Ask", { n: t.int });
const Kinds = service(
  "Kinds",
  { version: 1 },
  {
    fail: unary(Ask, Ask),
    crash: unary(Ask, Ask),
    slow: unary(Ask, Ask),
    streamFails: serverStream(Ask, Ask),
    upload: clientStream(Ask, Ask),
  },
);
const refuse = (): never => {
  throw new AsterError(Code.NOT_FOUND, "no such customer", { reason: "GONE", details: { customer: "acme" } });
};

const logged: { message: string; fields: LogFields }[] = [];
let server: AsterServer;
let client: AsterClient;
let stub: Stub<typeof Kinds>;

beforeAll(async () => {
  const error = (message: string, fields: LogFields = {}) => void logged.push({ message, fields });
  const nothing = () => {};
  server = await AsterServer.start({
    services: [
      implement(Kinds, {
        fail: refuse,
        crash: () => {
          throw new Error("the database is down");
        },
        slow: (_request, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)),
        // biome-ignore lint/correctness/useYield: the stream fails before its first item
        async *streamFails() {
          refuse();
        },
        upload: refuse,
      }),
    ],
    access: "open",
    bind: "127.0.0.1:0",
    relay: "disabled",
    identity: "ephemeral",
    logger: { debug: nothing, info: nothing, warn: nothing, error },
  });
  client = await AsterClient.connect(server.ticket, { relay: "disabled" });
  stub = client.stub(Kinds);
});
afterAll(async () => {
  await client.close();
  await server.close();
});

async function callerOfUnary(): Promise<unknown> {
  return await stub.fail({ n: 1 });
}
async function callerWithDeadline(): Promise<unknown> {
  return await stub.slow({ n: 1 }, { timeoutMs: 20 });
}
async function callerWithSignal(): Promise<unknown> {
  return await stub.slow({ n: 1 }, { signal: AbortSignal.timeout(20) });
}
async function callerOfStream(): Promise<unknown> {
  for await (const _ of stub.streamFails({ n: 1 })) return _;
  return null;
}
async function callerOfUpload(): Promise<unknown> {
  return await stub.upload([{ n: 1 }]);
}
async function callerOfMisfit(): Promise<unknown> {
  return await stub.fail({ n: 1.5 });
}

async function failureOf(run: () => Promise<unknown>): Promise<AsterError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AsterError) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

describe("a failed call", () => {
  it.each([
    [callerOfUnary, "fail"],
    [callerWithDeadline, "slow"],
    [callerWithSignal, "slow"],
    [callerOfStream, "stream_fails"],
    [callerOfUpload, "upload"],
    [callerOfMisfit, "fail"],
  ])("has the frame of its caller, service and method: %o", async (run, method) => {
    const error = await failureOf(run);
    expect(error.stack).toContain(run.name);
    expect([error.service, error.method, error.peer]).toEqual(["Kinds", method, server.endpointId]);
    expect(error.message).toMatch(new RegExp(`\\(Kinds\\.${method}\\)$`));
    expect(error.rawMessage).not.toContain("Kinds.");
  });

  it("sends the plain message to the next caller", async () => {
    const error = await failureOf(callerOfUnary);
    expect([error.rawMessage, error.reason]).toEqual(["no such customer", "GONE"]);
  });

  it("is whole in JSON and in util.inspect, without metadata", async () => {
    const found = await failureOf(callerOfUnary);
    expect(JSON.parse(JSON.stringify(found))).toEqual({
      name: "AsterError",
      code: 5,
      codeName: "NOT_FOUND",
      message: "NOT_FOUND: no such customer (Kinds.fail)",
      reason: "GONE",
      details: { customer: "acme" },
      service: "Kinds",
      method: "fail",
      peer: server.endpointId,
    });
    const cause = new Error("below");
    const error = new AsterError(Code.INTERNAL, "above", { metadata: { token: "s3cret" }, cause });
    expect(JSON.stringify(error)).toContain('"cause":"Error: below"');
    for (const text of [JSON.stringify(error), inspect(error)]) {
      expect(text).toContain("above");
      expect(text).not.toContain("s3cret");
    }
    for (const word of ["callerOfUnary", "GONE", "acme", "Kinds"]) expect(inspect(found)).toContain(word);
    expect(inspect(error)).toContain("below");
  });
});

describe("an error that stays on the server", () => {
  it("is an Error in the fields of the log, and whole in JSON", async () => {
    await failureOf(() => stub.crash({ n: 1 }));
    const fields: LogFields = logged.at(-1)?.fields ?? {};
    expect(Object.values(fields).filter((field) => field instanceof Error)).toHaveLength(1);
    expect(JSON.parse(JSON.stringify(fields))).toMatchObject({
      error: { name: "Error", message: "the database is down", stack: expect.stringContaining("crash") },
    });
  });
});
