/**
 * The interoperability cases of gRPC by their names, and those that its list of cases names as still to be written. Cases about
 * Google's credentials and about HTTP caches have no counterpart. The calls go through a link without faults unless a case says
 * otherwise, and the ledger judges each case.
 */
import { randomFillSync } from "node:crypto";
import {
  AsterClient,
  AsterError,
  bidiStream,
  Code,
  clientStream,
  implement,
  message,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { type Ledger, type LocalPair, ledger, localPair } from "aster-rpc/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failureOf, until } from "../boundary/support/until.js";

const Empty = message("grpc/Empty", {});
const Request = message("grpc/Request", {
  responseSizes: t.list(t.int).default([]),
  payload: t.bytes.default(new Uint8Array()),
  code: t.int.default(0),
  text: t.string.default(""),
  waitMs: t.int.default(0),
});
const Response = message("grpc/Response", { payload: t.bytes, received: t.int.default(0) });

const methods = {
  emptyCall: unary(Empty, Empty),
  unaryCall: unary(Request, Response),
  streamingOutputCall: serverStream(Request, Response),
  streamingInputCall: clientStream(Request, Response),
  fullDuplexCall: bidiStream(Request, Response),
};
const TestService = service("TestService", { version: 1 }, methods);
/** As a client with a newer contract has it. */
const NewerService = service(
  "TestService",
  { version: 1 },
  { ...methods, unimplementedCall: unary(Empty, Empty) },
);
const UnimplementedService = service(
  "UnimplementedService",
  { version: 1 },
  { emptyCall: unary(Empty, Empty) },
);

// Random, because compression would make messages smaller.
const noise = randomFillSync(new Uint8Array(400_000));
const bytes = (length: number) => noise.subarray(0, length);

async function answered(
  { code, text, waitMs }: { code: number; text: string; waitMs: number },
  signal: AbortSignal,
) {
  if (code !== 0) throw new AsterError(code as Code, text);
  if (waitMs === 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

let aborted = 0;
const testService = implement(TestService, {
  emptyCall: () => ({}),
  async unaryCall(request, { signal, metadata }) {
    await answered(request, signal);
    const echoed = metadata.get("x-grpc-test-echo-initial") ?? "";
    return {
      payload: bytes(request.responseSizes[0] ?? 0),
      received: request.payload.length + echoed.length,
    };
  },
  async *streamingOutputCall(request, { signal }) {
    await answered(request, signal);
    for (const size of request.responseSizes) yield { payload: bytes(size) };
  },
  async streamingInputCall(requests) {
    let received = 0;
    for await (const { payload } of requests) received += payload.length;
    return { payload: bytes(0), received };
  },
  async *fullDuplexCall(requests, { signal }) {
    signal.addEventListener("abort", () => {
      aborted += 1;
    });
    for await (const request of requests) {
      await answered(request, signal);
      for (const size of request.responseSizes)
        yield { payload: bytes(size), received: request.payload.length };
    }
  },
});

let pair: LocalPair;
let books: Ledger;
beforeEach(async () => {
  books = ledger();
  pair = await localPair([testService], { ledger: books, link: { seed: 1, delayMs: 1 } });
});
afterEach(async () => {
  await books.settled();
  expect(books.open).toBe(0);
  expect(books.check().slice(0, 5)).toEqual([]);
  await pair.close();
});

const stub = () => pair.stub(TestService);
const idle = () =>
  until(async () => (await pair.server.node.info()).openCalls === 0, 5000, "no call is open");

/** Sends the requests, and returns the sizes of the responses. */
async function pingPong(sizes: readonly (readonly [number, number])[]): Promise<number[]> {
  const chat = stub().fullDuplexCall();
  const got: number[] = [];
  for (const [request, response] of sizes) {
    await chat.send({ payload: bytes(request), responseSizes: [response] });
    got.push((await chat.next()).value?.payload.length ?? -1);
  }
  await chat.end();
  expect((await chat.next()).done).toBe(true);
  return got;
}

const REQUESTS = [27_182, 8, 1828, 45_904];
const RESPONSES = [31_415, 9, 2653, 58_979];

describe("the cases of gRPC", () => {
  it("empty_unary", async () => {
    expect(await stub().emptyCall({})).toEqual({});
  });

  it("large_unary", async () => {
    const response = await stub().unaryCall({ payload: bytes(271_828), responseSizes: [314_159] });
    expect([response.payload.length, response.received]).toEqual([314_159, 271_828]);
  });

  it.each(["always", "never"] as const)(
    "client_compressed_unary and server_compressed_unary, compression %s",
    async (compress) => {
      const compressed = pair.stub(TestService, { compress });
      const response = await compressed.unaryCall({ payload: bytes(271_828), responseSizes: [314_159] });
      expect([response.payload.length, response.received]).toEqual([314_159, 271_828]);
    },
  );

  it("client_streaming and client_compressed_streaming", async () => {
    for (const compress of ["never", "always"] as const) {
      const { received } = await pair
        .stub(TestService, { compress })
        .streamingInputCall(REQUESTS.map((size) => ({ payload: bytes(size) })));
      expect(received).toBe(74_922);
    }
  });

  it("server_streaming and server_compressed_streaming", async () => {
    const got: number[] = [];
    for await (const { payload } of stub().streamingOutputCall({ responseSizes: RESPONSES }))
      got.push(payload.length);
    expect(got).toEqual(RESPONSES);
  });

  it("ping_pong", async () => {
    expect(await pingPong(REQUESTS.map((size, at) => [size, RESPONSES[at] ?? 0] as const))).toEqual(
      RESPONSES,
    );
  });

  it("empty_stream", async () => {
    expect(await pingPong([])).toEqual([]);
  });

  it("custom_metadata", async () => {
    const metadata = { "x-grpc-test-echo-initial": "test_initial_metadata_value" };
    expect((await stub().unaryCall({}, { metadata })).received).toBe(27);
  });

  it("status_code_and_message", async () => {
    const wanted = { code: Code.UNKNOWN, rawMessage: "test status message" };
    const request = { code: Code.UNKNOWN, text: "test status message" };
    expect(await failureOf(stub().unaryCall(request))).toMatchObject(wanted);
    const chat = stub().fullDuplexCall();
    await chat.send(request);
    expect(await failureOf(chat.next())).toMatchObject(wanted);
  });

  it("special_status_message", async () => {
    const text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    expect(await failureOf(stub().unaryCall({ code: Code.UNKNOWN, text }))).toMatchObject({
      code: Code.UNKNOWN,
      rawMessage: text,
    });
  });

  it("unimplemented_method", async () => {
    const newer = pair.stub(NewerService, { contract: "ignore" });
    expect(await failureOf(newer.unimplementedCall({}))).toMatchObject({ code: Code.UNIMPLEMENTED });
  });

  it("unimplemented_service", async () => {
    expect(() => pair.stub(UnimplementedService)).toThrow(expect.objectContaining({ code: Code.NOT_FOUND }));
  });

  it("cancel_after_begin", async () => {
    const controller = new AbortController();
    let wake = () => {};
    const waiting = new Promise<void>((resolve) => {
      wake = resolve;
    });
    async function* nothing() {
      await waiting;
      yield* [] as { payload: Uint8Array }[];
    }
    const call = failureOf(stub().streamingInputCall(nothing(), { signal: controller.signal }));
    controller.abort();
    expect(await call).toMatchObject({ code: Code.CANCELLED });
    wake();
  });

  it("cancel_after_first_response", async () => {
    const before = aborted;
    const controller = new AbortController();
    const chat = stub().fullDuplexCall({ signal: controller.signal });
    await chat.send({ payload: bytes(27_182), responseSizes: [31_415] });
    await chat.next();
    controller.abort();
    expect(await failureOf(chat.next())).toMatchObject({ code: Code.CANCELLED });
    await until(() => aborted > before, 2000, "the handler sees the cancellation");
  });

  it("timeout_on_sleeping_server", async () => {
    const chat = stub().fullDuplexCall({ timeoutMs: 50 });
    await failureOf(chat.send({ payload: bytes(27_182), waitMs: 5000 }).then(() => chat.next())).then(
      (error) => expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED }),
    );
  });

  it("rpc_soak: 1000 large_unary one after another on one connection", async () => {
    for (let call = 0; call < 1000; call++) {
      const response = await stub().unaryCall({ payload: bytes(2718), responseSizes: [3141] });
      expect(response.payload.length).toBe(3141);
    }
  });

  it("channel_soak: 50 clients, a large_unary each", async () => {
    const { link } = pair;
    for (let round = 0; round < 50; round++) {
      const client = await link?.connect({ interceptors: [books.client] });
      const response = await client
        ?.stub(TestService)
        .unaryCall({ payload: bytes(27_182), responseSizes: [31_415] });
      expect(response?.payload.length).toBe(31_415);
      await client?.close();
    }
  });
});

describe("the cases that gRPC has not written yet", () => {
  it("a thousand large_unary at once on one connection", async () => {
    const calls = Array.from({ length: 1000 }, () =>
      stub().unaryCall({ payload: bytes(27_182), responseSizes: [31_415] }),
    );
    const sizes = (await Promise.all(calls)).map(({ payload, received }) => [payload.length, received]);
    expect(new Set(sizes.map(String))).toEqual(new Set(["31415,27182"]));
  }, 60_000);

  it("5000 calls at once on one connection", async () => {
    const all = await Promise.all(Array.from({ length: 5000 }, () => stub().emptyCall({})));
    expect(all.length).toBe(5000);
  });

  it("3000 calls that time out at once on one connection, which then works on", async () => {
    const calls = Array.from({ length: 3000 }, () =>
      failureOf(stub().unaryCall({ waitMs: 60_000 }, { timeoutMs: 500 })),
    );
    const codes = (await Promise.all(calls)).map((error) => (error as AsterError).code);
    expect(new Set(codes)).toEqual(new Set([Code.DEADLINE_EXCEEDED]));
    expect(await stub().emptyCall({})).toEqual({});
    await idle();
  }, 60_000);

  it("more streams than the server allows at once: the rest waits for its turn", async () => {
    const few = await localPair([testService], { ledger: books, limits: { maxStreams: 8 } });
    const calls = Array.from({ length: 100 }, () => few.stub(TestService).unaryCall({ waitMs: 5 }));
    expect((await Promise.all(calls)).length).toBe(100);
    await few.close();
  });

  it("reconnect: after a lost connection the next call connects again", async () => {
    pair.link?.blackhole();
    const lost = await failureOf(stub().emptyCall({}, { timeoutMs: 4000 }));
    expect([Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE]).toContain((lost as AsterError).code);
    pair.link?.clear();
    const works = () =>
      stub()
        .emptyCall({}, { timeoutMs: 1000 })
        .then(
          () => true,
          () => false,
        );
    await until(works, 15_000, "a call succeeds again");
  }, 30_000);

  it("cancel before the start of a call", async () => {
    const chat = stub().fullDuplexCall({ signal: AbortSignal.abort() });
    expect(await failureOf(chat.next())).toMatchObject({ code: Code.CANCELLED, notSent: true });
    expect(await stub().emptyCall({})).toEqual({});
  });

  it("cancel after the first message was sent", async () => {
    const before = aborted;
    const controller = new AbortController();
    const chat = stub().fullDuplexCall({ signal: controller.signal });
    await chat.send({ payload: bytes(27_182), waitMs: 60_000 });
    await until(async () => (await pair.server.node.info()).openCalls > 0, 2000, "the handler runs");
    controller.abort();
    expect(await failureOf(chat.next())).toMatchObject({ code: Code.CANCELLED, notSent: false });
    await until(() => aborted > before, 2000, "the handler sees the cancellation");
    await idle();
  });

  it("a timeout that is longer than the call", async () => {
    const chat = stub().fullDuplexCall({ timeoutMs: 30_000 });
    await chat.send({ payload: bytes(8), responseSizes: [9] });
    expect((await chat.next()).value?.payload.length).toBe(9);
    await chat.end();
    expect((await chat.next()).done).toBe(true);
  });

  it("back-pressure in both directions: a side that does not read stops the other one, and nothing is lost", async () => {
    const chat = stub().fullDuplexCall();
    const [messages, size] = [600, 31_415];
    let sent = 0;
    const sending = (async () => {
      for (; sent < messages; sent++) await chat.send({ payload: bytes(size), responseSizes: [size] });
      await chat.end();
    })();
    // Nobody reads the responses, so the handler stops, reads no further requests, and the sender waits.
    let seen = -1;
    await until(
      async () => {
        const still = sent === seen;
        seen = sent;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return still && sent > 0;
      },
      20_000,
      "the sender waits",
    );
    expect(sent).toBeLessThan(messages);
    let received = 0;
    for await (const { payload } of chat) received += payload.length;
    await sending;
    expect(received).toBe(messages * size);
  }, 40_000);

  it("a peer that answers with garbage", async () => {
    pair.link?.set({ corrupt: 1 }, "toClient");
    const error = await failureOf(stub().emptyCall({}, { timeoutMs: 500 }));
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    pair.link?.clear();
    expect(await stub().emptyCall({})).toEqual({});
  });

  it("a client that connects to what is no server", async () => {
    pair.link?.set({ truncate: 1 });
    const error = await failureOf(
      AsterClient.connect(pair.link?.ticket ?? "", { ...pair.link?.connectOptions, timeoutMs: 500 }),
    );
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    pair.link?.clear();
  });
});
