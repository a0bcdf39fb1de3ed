/** The errors of starting and connecting, with the real addon. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AsterClient,
  AsterNode,
  AsterServer,
  Code,
  endpointIdOf,
  generateSecretKey,
  implement,
  message,
  serverStream,
  service,
  Ticket,
  t,
  unary,
} from "../../../ts/src/index.js";
import { credential, newRoot } from "../support/credentials.ts";
import { failureOf } from "./harness.js";

const Item = message("unit/Item", { id: t.int });
const Store = service("Store", {}, { get: unary(Item, Item), list: serverStream(Item, Item) });
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;

let server: AsterServer;
beforeAll(async () => {
  server = await AsterServer.start({
    ...local,
    identity: "ephemeral",
    services: [
      implement(Store, {
        get: (item) => item,
        *list({ id }) {
          for (let i = 0; i < id; i++) yield { id: i };
        },
      }),
    ],
    access: "open",
  });
});
afterAll(() => server.close());

/** A ticket of a server that was closed. */
function deadTicket(): { endpointId: string; ticket: string } {
  const endpointId = endpointIdOf(generateSecretKey());
  return { endpointId, ticket: Ticket.format({ endpointId, directAddresses: ["127.0.0.1:9"] }) };
}

describe("an error of connect()", () => {
  it("names the peer and has notSent when no server answers", async () => {
    const { endpointId, ticket } = deadTicket();
    const error = await failureOf(AsterClient.connect(ticket, { ...local, timeoutMs: 50 }));
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED, peer: endpointId, notSent: true });
    expect(error).toMatchObject({ isLocal: true });
  });

  it("is not local when the peer refuses admission", async () => {
    const error = await failureOf(
      AsterClient.connect(server.ticket, { ...local, credential: credential(newRoot()) }),
    );
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, peer: server.endpointId, isLocal: false });
    expect(error).toMatchObject({ notSent: true, reason: "NOT_ADMITTED" });
  });

  it("has no peer and has notSent for a text that is not an address", async () => {
    const error = await failureOf(AsterClient.connect("nonsense", local));
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, peer: null, notSent: true, isLocal: true });
  });

  it("names this node when it connects to itself", async () => {
    const error = await failureOf(server.node.connect(server.ticket));
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, peer: server.endpointId, notSent: true });
  });

  it("shows the line of the caller, with and without await", async () => {
    async function callerOfConnect(): Promise<never> {
      await AsterClient.connect("nonsense", local);
      throw new Error("connected");
    }
    function callerWithoutAwait(): Promise<unknown> {
      return AsterClient.connect("nonsense", local).then(() => null);
    }
    expect((await failureOf(callerOfConnect())).stack).toContain("callerOfConnect");
    expect((await failureOf(callerWithoutAwait())).stack).toContain("callerWithoutAwait");
    async function callerOfNode(): Promise<unknown> {
      return server.node.connect("nonsense");
    }
    const { stack, message } = await failureOf(callerOfNode());
    expect(stack).toContain("callerOfNode");
    expect(stack?.startsWith(`AsterError: ${message}\n    at `)).toBe(true);
    expect(stack).not.toContain("/port/");
  });
});

describe("an address that the server cannot listen on", () => {
  it("is an error with its cause, and not retryable", async () => {
    const [taken] = server.addresses;
    async function callerOfStart(): Promise<unknown> {
      return AsterNode.start({ bind: taken, relay: "disabled", identity: "ephemeral" });
    }
    const error = await failureOf(callerOfStart());
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, reason: "BIND", retryable: false });
    expect(error.rawMessage).toContain(taken);
    expect(error.rawMessage).toMatch(/in use/i);
    expect(error).toMatchObject({ notSent: true, peer: null });
    expect(error.stack).toContain("callerOfStart");
  });
});

describe("a value that does not fit", () => {
  it("fails a unary call before anything is sent, and has notSent", async () => {
    const client = await AsterClient.connect(server.ticket, local);
    try {
      const store = client.stub(Store);
      const error = await failureOf(store.get({ id: 1.5 }));
      expect(error).toMatchObject({ reason: "VALUE_MISFIT", notSent: true, isLocal: true });
      expect(error).toMatchObject({ peer: server.endpointId });
      expect(error.details.get("path")).toBe("id");
      const opening = await failureOf(store.list({ id: "x" } as never).next());
      expect(opening).toMatchObject({ reason: "VALUE_MISFIT", notSent: true });
    } finally {
      await client.close();
    }
  });
});

describe("a proxy that calls a method of another pattern", () => {
  it("gets an error with the right function when a stream answers", async () => {
    const client = await AsterClient.connect(server.ticket, local);
    try {
      const error = await failureOf(client.proxy("Store").call("list", { id: 3 }));
      expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, reason: "STREAMED_ANSWER" });
      expect(error.rawMessage).toContain("Store.list");
      expect(error.rawMessage).toContain("serverStream");
    } finally {
      await client.close();
    }
  });
});

describe("error texts for arguments", () => {
  it("the error for a wrong key names the argument", () => {
    expect(() => endpointIdOf(new Uint8Array(31))).toThrow(
      expect.objectContaining({ path: "secretKey", message: "secretKey: must be 32 bytes" }),
    );
  });

  it("the error for a ticket part has path and text", () => {
    const directAddresses = Array.from({ length: 16 }, (_, i) => `127.0.0.1:${i + 1}`);
    expect(() => Ticket.format({ endpointId: "ab".repeat(32), directAddresses })).toThrow(/^parts: /);
  });
});

describe("facts of a connection", () => {
  it("the handler gets the network path of its caller", async () => {
    const paths: (string | undefined)[] = [];
    const other = await AsterServer.start({
      ...local,
      identity: "ephemeral",
      services: [
        implement(service("Path", {}, { get: unary(Item, Item) }), {
          get: (item, { peer }) => {
            paths.push(peer.path?.kind);
            return item;
          },
        }),
      ],
      access: "open",
    });
    const client = await AsterClient.connect(other.ticket, local);
    await client.proxy("Path").call("get", { id: 1 });
    expect(paths).toEqual(["direct"]);
    const { rttMs } = await client.info();
    const known: number | null = rttMs;
    expect(known === null || known > 0).toBe(true);
    await client.close();
    await other.close();
  });
});
