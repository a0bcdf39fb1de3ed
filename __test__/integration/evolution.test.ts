/**
 * The evolution matrix: every change of a message, in requests and responses of all four patterns, in both directions
 * between two nodes. The comparison of the contracts must have predicted each result.
 */
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import {
  type AsterClient,
  AsterError,
  AsterNode,
  bidiStream,
  clientStream,
  implement,
  message,
  type Service,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractDiff } from "../../dist/native/contracts.js";
import type { ContractDiff } from "../../dist/native/documents.js";
import { serviceDocument } from "../../dist/schema/service.js";
import {
  type Change,
  changes,
  type Outcome,
  reorderedEnum,
  retypedList,
  versions,
} from "./evolution-changes.ts";

const Fixed = message("evolution.v1/Fixed", { ok: t.bool });
const Open = message("evolution.v1/Fixed", { ok: t.bool }, { compatible: true });
const patterns = ["unary", "server_stream", "client_stream", "bidi_stream"] as const;
const places = ["request", "response"] as const;
const directions = ["old client, new server", "new client, old server"] as const;
type Side = "old" | "new";

// biome-ignore lint/suspicious/noExplicitAny: a row calls methods of any name with values of any message
type Calls = Record<string, (input: any) => any>;

/** A service with a method for each pattern and each position of the changed message. The other message is `Other`. */
function serviceOf(name: string, Item: typeof Fixed, Other = Fixed): Service<unknown> {
  return service(
    name,
    {},
    {
      unaryRequest: unary(Item, Other),
      unaryResponse: unary(Other, Item),
      serverStreamRequest: serverStream(Item, Other),
      serverStreamResponse: serverStream(Other, Item),
      clientStreamRequest: clientStream(Item, Other),
      clientStreamResponse: clientStream(Other, Item),
      bidiStreamRequest: bidiStream(Item, Other),
      bidiStreamResponse: bidiStream(Other, Item),
    },
  ) as Service<unknown>;
}

/** The last input of the handler of the running call. */
let received: unknown = null;

/** Handlers that read all input and answer with one message. */
function handlersOf(value: object): Calls {
  const ok = { ok: true };
  const take = <T>(request: unknown, answer: T): T => {
    received = request;
    return answer;
  };
  const drain = async <T>(items: AsyncIterable<unknown>, answer: T): Promise<T> => {
    for await (const item of items) received = item;
    return answer;
  };
  return {
    unaryRequest: (request) => take(request, ok),
    unaryResponse: () => value,
    async *serverStreamRequest(request) {
      yield take(request, ok);
    },
    async *serverStreamResponse() {
      yield value;
    },
    clientStreamRequest: (items) => drain(items, ok),
    clientStreamResponse: (items) => drain(items, value),
    async *bidiStreamRequest(items) {
      yield await drain(items, ok);
    },
    async *bidiStreamResponse(items) {
      yield await drain(items, value);
    },
  };
}

const camel = (pattern: string) => pattern.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Makes one call and reads one response. */
async function exchange(stub: Calls, pattern: (typeof patterns)[number], place: string, request: object) {
  const method = `${camel(pattern)}${place === "request" ? "Request" : "Response"}`;
  const call = stub[method] as (input: unknown) => never;
  if (pattern === "unary") return await call(request);
  if (pattern === "client_stream") return await call([request]);
  if (pattern === "server_stream")
    for await (const item of call(request) as AsyncIterable<unknown>) return item;
  const chat = call(undefined) as AsyncIterable<unknown> & {
    send(item: unknown): Promise<void>;
    end(): Promise<void>;
  };
  await chat.send(request);
  await chat.end();
  for await (const item of chat) return item;
  throw new Error("the stream ended without an item");
}

const services = changes.map((change, index) => ({
  old: serviceOf(`Evolution${index}`, change.old),
  new: serviceOf(`Evolution${index}`, change.new),
}));
/** The same services, with messages that are declared compatible. */
const compatibles = changes.map(({ declared }, index) => ({
  old: serviceOf(`Compatible${index}`, declared.old, Open),
  new: serviceOf(`Compatible${index}`, declared.new, Open),
}));
const painted = {
  old: serviceOf("Painted", reorderedEnum.old),
  new: serviceOf("Painted", reorderedEnum.new),
};
const sized = { old: serviceOf("Sized", retypedList.old), new: serviceOf("Sized", retypedList.new) };
const grown = {
  old: service("Grown", { version: 1 }, { get: unary(Fixed, versions.old) }),
  new: service("Grown", { version: 2 }, { get: unary(Fixed, versions.new) }),
};
const clients = new Map<Side, AsterClient>();
const nodes: AsterNode[] = [];

beforeAll(async () => {
  const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" } as const;
  const caller = await AsterNode.start(local);
  nodes.push(caller);
  for (const side of ["old", "new"] as const) {
    const server = await AsterNode.start(local);
    nodes.push(server);
    const served = [services, compatibles].flatMap((pairs) =>
      pairs.map((pair, index) => {
        const change = changes[index] as Change;
        return implement(pair[side], handlersOf(side === "old" ? change.oldValue : change.newValue) as never);
      }),
    );
    const paint = implement(painted[side], handlersOf({ color: "RED" }) as never);
    const sizes = implement(sized[side], handlersOf({ sizes: side === "old" ? [-1] : [255] }) as never);
    const beside = [
      implement(grown.old, { get: () => ({ id: 1 }) } as never),
      implement(grown.new, { get: () => ({ id: 2, note: "n" }) } as never),
    ];
    server.serve({ access: "open", services: [...served, paint, sizes, ...beside] });
    clients.set(side, await caller.connect(server.ticket));
  }
});
afterAll(async () => {
  for (const node of nodes) await node.close();
});

/** The codes for a message that its reader refuses. A call that fails with another code proves nothing. */
const unreadable = ["INVALID_ARGUMENT", "CONTRACT_VIOLATION", "DATA_LOSS"];

/** The result of a call. "works" means that every value that was written arrived. */
async function outcomeOf(
  call: Promise<unknown>,
  read: (answer: unknown) => unknown,
  written: object,
): Promise<Outcome> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    expect(unreadable).toContain((error as AsterError).codeName);
    return "refused";
  }
  const arrived = Object.values(read(answer) as object);
  const every = Object.values(written).every((value) =>
    arrived.some((other) => isDeepStrictEqual(other, value)),
  );
  return every ? "works" : "drops";
}

const rows = changes.flatMap((change, index) =>
  patterns.flatMap((pattern) =>
    places.flatMap((place) =>
      directions.map((direction) => ({ change, index, pattern, place, direction, name: change.name })),
    ),
  ),
);

describe("the evolution matrix", () => {
  it("has at least sixty rows", () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
  });

  it.each(rows)(
    "$name: $pattern $place, $direction",
    async ({ change, index, pattern, place, direction }) => {
      const oldClient = direction === "old client, new server";
      const ours = services[index]?.[oldClient ? "old" : "new"] as Service<unknown>;
      const client = clients.get(oldClient ? "new" : "old") as AsterClient;
      const reading = oldClient === (place === "request") ? "newReadsOld" : "oldReadsNew";
      const value = oldClient ? change.oldValue : change.newValue;
      const request = place === "request" ? value : { ok: true };

      if (change.stub === "opens") client.stub(ours);
      else expect(() => client.stub(ours)).toThrow(expect.objectContaining({ reason: "CONTRACT_MISMATCH" }));
      const written = oldClient === (place === "request") ? change.oldValue : change.newValue;
      const read = (answer: unknown) => (place === "request" ? received : answer);
      for (const mode of ["xlang", "json"] as const) {
        received = null;
        const stub = client.stub(ours, { contract: "ignore", mode }) as unknown as Calls;
        const outcome = await outcomeOf(exchange(stub, pattern, place, request), read, written);
        expect({ mode, outcome }).toEqual({ mode, outcome: change[mode][reading] });
      }
      received = null;
      const pair = compatibles[index] as (typeof compatibles)[number];
      const stub = client.stub(pair[oldClient ? "old" : "new"]) as unknown as Calls;
      const outcome = await outcomeOf(exchange(stub, pattern, place, request), read, written);
      expect({ mode: "compatible", outcome }).toEqual({
        mode: "compatible",
        outcome: change.compatible[reading],
      });
    },
  );
});

function compared(index: number): ContractDiff {
  const pair = services[index] as (typeof services)[number];
  return contractDiff(serviceDocument(pair.old), serviceDocument(pair.new));
}

describe("the comparison", () => {
  it.each(changes.map((change, index) => ({ ...change, index })))("predicts: $name", (change) => {
    const found = compared(change.index).services[0]?.changes ?? [];
    if (change.kind === "") return expect(found).toEqual([]);
    expect(found.map(({ kind }) => kind)).toEqual([change.kind]);
    const { effects, breaking } = found[0] as (typeof found)[number];
    // The prediction for a side is the worse one of requests and responses.
    const expectPredicted = (mode: "xlang" | "json") => {
      const refused = Object.values(change[mode]).includes("refused");
      expect({ mode, works: effects[mode].oldClients === "works" }).toEqual({ mode, works: !refused });
    };
    expectPredicted("xlang");
    if (change.kind !== "default_removed") expectPredicted("json");
    expect(effects.stubs.oldClients).toBe(change.stub === "opens" ? "works" : "fails");
    const depends = effects.xlang.oldClients === "depends";
    const refused = Object.values(change.xlang).includes("refused") && !depends;
    expect(breaking).toBe(change.stub === "refused" || refused);
  });

  it("warns about a new order of an enum, which contract ids do not contain", () => {
    const found = contractDiff(serviceDocument(painted.old), serviceDocument(painted.new));
    expect(found.services[0]?.old).toEqual(found.services[0]?.new);
    expect(found.services[0]?.changes).toMatchObject([
      { kind: "enum_members_changed", breaking: true, inContract: false },
    ]);
  });
});

describe("changes without an error in calls that are not checked", () => {
  const refusal = (pair: Record<Side, Service<unknown>>): AsterError => {
    try {
      (clients.get("new") as AsterClient).stub(pair.old);
    } catch (error) {
      return error as AsterError;
    }
    throw new Error("the stub was made");
  };

  it("a new order of an enum is read as other members, and a stub refuses it", async () => {
    const client = clients.get("new") as AsterClient;
    const stub = client.stub(painted.old, { contract: "ignore" }) as unknown as Calls;
    expect(await stub.unaryResponse?.({ ok: true })).toEqual({ color: "GREEN" });
    expect(refusal(painted)).toMatchObject({ reason: "CONTRACT_MISMATCH" });
    expect(refusal(painted).message).toContain("members changed from GREEN, RED to RED, GREEN");
  });

  it("a list with another size of numbers is read as other numbers, and a stub refuses it", async () => {
    const client = clients.get("new") as AsterClient;
    const stub = client.stub(sized.old, { contract: "ignore" }) as unknown as Calls;
    expect(await stub.unaryResponse?.({ ok: true })).toEqual({ sizes: [-1] });
    expect(refusal(sized).message).toContain("type changed from list of uint8 to list of int8");
    const found = contractDiff(serviceDocument(sized.old), serviceDocument(sized.new));
    expect(found.services[0]?.old).toEqual(found.services[0]?.new);
    expect(found).toMatchObject({
      breaking: true,
      services: [{ changes: [{ kind: "field_type_changed" }] }],
    });
  });

  it("two versions with one tag can be served together, each for its own stubs", async () => {
    const client = clients.get("new") as AsterClient;
    const [first, second] = [grown.old, grown.new].map((version) => client.stub(version) as unknown as Calls);
    expect(await first?.get?.({ ok: true })).toEqual({ id: 1 });
    expect(await second?.get?.({ ok: true })).toEqual({ id: 2, note: "n" });
  });
});

describe("the page", () => {
  it("shows the matrix that these calls prove", async () => {
    const page = await readFile(new URL("../../docs/contracts.md", import.meta.url), "utf8");
    const cells = (change: Change) => [
      change.name,
      change.stub,
      change.xlang.newReadsOld,
      change.xlang.oldReadsNew,
      change.json.newReadsOld,
      change.json.oldReadsNew,
      change.compatible.newReadsOld,
      change.compatible.oldReadsNew,
    ];
    const head = [
      "| change | stub | XLANG: new reads old | XLANG: old reads new | JSON: new reads old | JSON: old reads new | compatible: new reads old | compatible: old reads new |",
      "|---|---|---|---|---|---|---|---|",
    ];
    const table = [...head, ...changes.map((change) => `| ${cells(change).join(" | ")} |`)].join("\n");
    const shown = /<!-- matrix -->\n\n([\s\S]*?)\n\n<!-- end of matrix -->/.exec(page)?.[1];
    expect(shown).toBe(table);
  });
});
