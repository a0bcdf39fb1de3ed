/** `client.path`, `client.paths()`, `client.ping()`, and the same of a peer that calls. */
import {
  AsterClient,
  AsterServer,
  Code,
  type ConnectedPeer,
  type ConnectionPath,
  implement,
  message,
  service,
  t,
  unary,
} from "aster-rpc";
import { type Link, link } from "aster-rpc/testing";
import { describe, expect, it } from "vitest";
import { fresh, local } from "../boundary/support/probe.mjs";
import { keep } from "./fixtures/keep.js";

const Item = message("paths/Item", { id: t.int, data: t.bytes.default(new Uint8Array()) });
const Echo = service("Echo", { version: 1 }, { echo: unary(Item, Item) });

/** A server that keeps the peer of its last call. */
async function serve(): Promise<{ server: AsterServer; peer: () => ConnectedPeer | null }> {
  let last: ConnectedPeer | null = null;
  const echo = implement(Echo, {
    echo: (request, { peer }) => {
      last = peer;
      return request;
    },
  });
  const server = await keep(AsterServer.start({ ...fresh, services: [echo], access: "open" }));
  return { server, peer: () => last };
}

const place = ({ kind, address }: ConnectionPath) => ({ kind, address });

describe("the path of a client", () => {
  it("is direct on loopback, with its address, its round trip and the bytes so far", async () => {
    const { server } = await serve();
    const client = await keep(AsterClient.connect(server.ticket, local));
    const before = client.path;
    expect(before).toMatchObject({ kind: "direct", address: server.addresses[0], bytesRelayed: 0 });
    expect(before.rttMs).toBeGreaterThan(0);
    // Random, so that it does not become smaller.
    const data = crypto.getRandomValues(new Uint8Array(60_000));
    await client.stub(Echo).echo({ id: 1, data });
    expect(client.path.bytesDirect).toBeGreaterThan(before.bytesDirect + 2 * 60_000);
  });

  it("is none after closing, and the iteration over paths ends", async () => {
    const { server } = await serve();
    const client = await keep(AsterClient.connect(server.ticket, local));
    const paths = client.paths();
    expect(place((await paths.next()).value!)).toEqual({ kind: "direct", address: server.addresses[0] });
    const waiting = paths.next();
    await client.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(client.path).toEqual({
      kind: "none",
      address: null,
      rttMs: null,
      bytesDirect: 0,
      bytesRelayed: 0,
    });
    expect(await client.paths().next()).toEqual({ done: true, value: undefined });
  });

  it("tells the loss of the connection as none, and the new path after it", async () => {
    const { server } = await serve();
    const client = await keep(AsterClient.connect(server.ticket, local));
    const paths = client.paths();
    await paths.next();
    await server.close();
    expect((await paths.next()).value).toMatchObject({ kind: "none", address: null, rttMs: null });
  });

  it("ends when a reader leaves, also while it waits", async () => {
    const { server } = await serve();
    const client = await keep(AsterClient.connect(server.ticket, local));
    const paths = client.paths();
    await paths.next();
    const waiting = paths.next();
    await paths.return?.();
    expect(await waiting).toMatchObject({ done: true });
    for await (const { kind } of client.paths()) {
      expect(kind).toBe("direct");
      break;
    }
  });
});

describe("a round trip", () => {
  it("is measured without a handler, also to a server that refuses the call", async () => {
    const { server, peer } = await serve();
    const client = await keep(AsterClient.connect(server.ticket, local));
    expect(await client.ping()).toBeGreaterThan(0);
    expect(peer()).toBeNull();
  });

  it("ends with DEADLINE_EXCEEDED when nothing comes back", async () => {
    const { server } = await serve();
    const between: Link = await keep(link({ to: server.ticket }));
    const client = await keep(between.connect());
    between.set({ blackhole: true });
    await expect(client.ping({ timeoutMs: 50 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  it("refuses options that it does not have", async () => {
    const { server } = await serve();
    const client = await keep(AsterClient.connect(server.ticket, local));
    await expect(client.ping({ timeoutMs: -1 })).rejects.toThrow(TypeError);
  });
});

describe("the path of a peer that calls", () => {
  it("is the one of its connection now, and none is left when the connection is gone", async () => {
    const { server, peer } = await serve();
    const client = await keep(AsterClient.connect(server.ticket, local));
    await client.stub(Echo).echo({ id: 1 });
    const seen = peer()!;
    expect(seen.path).toMatchObject({ kind: "direct", bytesRelayed: 0 });
    expect(seen.path?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    const [listed] = server.peers();
    expect(place(listed!.path!)).toEqual(place(seen.path!));
    const paths = seen.paths();
    await paths.next();
    const waiting = paths.next();
    await client.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(seen.path).toBeNull();
  });
});
