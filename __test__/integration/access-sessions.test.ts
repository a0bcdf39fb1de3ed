/** Who may call in sessions: roles of each call, what handlers know of the caller, and the end of an admission. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AsterClient,
  type AsterError,
  AsterServer,
  bidiStream,
  type CallPeer,
  Code,
  clientStream,
  implement,
  message,
  type Session,
  type SessionStub,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  credential,
  newNode,
  newRoot,
  type Root,
  revocationList,
  type Saying,
} from "../unit/support/credentials.ts";

const Ask = message("session-access/Ask", { n: t.int });
const Told = message("session-access/Told", { text: t.string });
const writer = { requires: "writer" } as const;
const Desk = service(
  "Desk",
  { scope: "session", requires: "reader" },
  {
    one: unary(Ask, Told),
    down: serverStream(Ask, Told),
    up: clientStream(Ask, Told),
    both: bidiStream(Ask, Told),
    writeOne: unary(Ask, Told, writer),
    writeDown: serverStream(Ask, Told, writer),
    writeUp: clientStream(Ask, Told, writer),
    writeBoth: bidiStream(Ask, Told, writer),
  },
);
const patterns = ["one", "down", "up", "both"] as const;
type Pattern = (typeof patterns)[number];
type Stub = SessionStub<typeof Desk>;

/** What the handlers of a server saw. */
class Seen {
  readonly calls: string[] = [];
  readonly peers: CallPeer[] = [];
  readonly metadata: ReadonlyMap<string, string>[] = [];
  readonly aborts: unknown[] = [];
  readonly ends: string[] = [];
  session: Session | null = null;
  #waits: (() => void)[] = [];

  note(): void {
    for (const wake of this.#waits.splice(0)) wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waits.push(resolve));
  }
}

let root: Root;
let seen: Seen;
let server: AsterServer;
const folder = mkdtempSync(path.join(tmpdir(), "aster-access-sessions-"));
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  root = newRoot();
  seen = new Seen();
  server = await AsterServer.start({
    services: [desk(seen)],
    access: { rootPublicKey: root.publicKey },
    identity: "ephemeral",
    bind: "127.0.0.1:0",
    relay: "disabled",
  });
  open.push(server);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Requests with `n` 0 are answered at once; others wait until the call is aborted. */
function desk(saw: Seen) {
  return implement(Desk, (session) => {
    saw.session = session;
    session.onClose((cause) => {
      saw.ends.push(cause);
      saw.note();
    });
    const enter = (method: string, peer: CallPeer, metadata: ReadonlyMap<string, string>) => {
      saw.calls.push(method);
      saw.peers.push(peer);
      saw.metadata.push(metadata);
      saw.note();
    };
    const aborted = async (signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      saw.aborts.push(signal.reason);
      saw.note();
      throw signal.reason;
    };
    const text = (peer: CallPeer) => ({ text: [...peer.roles].join() });
    const one = async ({ n }: { n: number }, { peer, metadata, signal, method }: Context) => {
      enter(method, peer, metadata);
      if (n > 0) await aborted(signal);
      return text(peer);
    };
    async function* down({ n }: { n: number }, { peer, metadata, signal, method }: Context) {
      enter(method, peer, metadata);
      yield text(peer);
      if (n > 0) await aborted(signal);
    }
    const up = async (asks: AsyncIterable<{ n: number }>, { peer, metadata, signal, method }: Context) => {
      enter(method, peer, metadata);
      for await (const { n } of asks) if (n > 0) await aborted(signal);
      return text(peer);
    };
    async function* both(asks: AsyncIterable<{ n: number }>, { peer, metadata, signal, method }: Context) {
      enter(method, peer, metadata);
      for await (const { n } of asks) {
        if (n > 0) await aborted(signal);
        yield text(peer);
      }
    }
    return { one, down, up, both, writeOne: one, writeDown: down, writeUp: up, writeBoth: both };
  });
}

interface Context {
  readonly peer: CallPeer;
  readonly metadata: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
  readonly method: string;
}

/** A session of a client with a key of its own. */
async function admitted(saying: Saying = {}) {
  const node = newNode();
  const text = credential(root, { endpointId: node.endpointId, roles: "reader", ...saying });
  const client = await AsterClient.connect(server.ticket, {
    relay: "disabled",
    secretKey: node.secretKey,
    credential: text,
  });
  open.push(client);
  return { node, client, session: await client.session(Desk) };
}

/** Makes a call of a pattern with one request. Returns its answers. */
async function call(session: Stub, pattern: Pattern, n: number, write = false): Promise<string[]> {
  const texts: string[] = [];
  if (pattern === "one") return [(await (write ? session.writeOne : session.one)({ n })).text];
  if (pattern === "up") return [(await (write ? session.writeUp : session.up)([{ n }])).text];
  const items =
    pattern === "down" ? (write ? session.writeDown : session.down)({ n }) : await asked(session, n, write);
  for await (const { text } of items) texts.push(text);
  return texts;
}

/** A bidirectional call with one request. */
async function asked(session: Stub, n: number, write: boolean) {
  const both = (write ? session.writeBoth : session.both)();
  await both.send({ n });
  await both.end();
  return both;
}

const failure = (promise: Promise<unknown>): Promise<AsterError> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: AsterError) => error,
  );

const missing = (required: string) => ({
  code: Code.PERMISSION_DENIED,
  reason: "MISSING_ROLE",
  details: new Map([["requires", required]]),
});

describe("roles in sessions", () => {
  it("of the service are needed to open one", async () => {
    const { session } = await admitted({ roles: "writer" });
    const { by, error } = await session.closed;
    expect({ by, code: error?.code, reason: error?.reason }).toEqual({
      by: "server",
      code: Code.PERMISSION_DENIED,
      reason: "MISSING_ROLE",
    });
    expect(await failure(session.one({ n: 0 }))).toMatchObject({
      code: Code.PERMISSION_DENIED,
      notSent: true,
    });
    expect(seen.session).toBeNull();
  });

  it.each(patterns)("of a method are checked for each call, and the session goes on: %s", async (pattern) => {
    const { session } = await admitted();
    expect(await call(session, pattern, 0)).toEqual(["reader"]);
    expect(await failure(call(session, pattern, 0, true))).toMatchObject(missing("writer"));
    expect(await call(session, pattern, 0)).toEqual(["reader"]);
    expect(seen.calls).toEqual([`Desk.${pattern}`, `Desk.${pattern}`]);
    const rich = await admitted({ roles: "reader,writer" });
    expect(await call(rich.session, pattern, 0, true)).toEqual(["reader,writer"]);
  });

  it("change with a new admission, for the gate, ctx.peer and session.peer alike", async () => {
    const node = newNode();
    const file = path.join(mkdtempSync(path.join(tmpdir(), "aster-access-sessions-")), "ada.cred");
    const say = (roles: string) => {
      writeFileSync(`${file}.new`, credential(root, { endpointId: node.endpointId, roles }));
      renameSync(`${file}.new`, file);
    };
    let tell = (_line: string): void => {};
    const logger = { debug() {}, info: (line: string) => tell(line), warn() {}, error() {} };
    say("reader");
    const client = await AsterClient.connect(server.ticket, {
      relay: "disabled",
      secretKey: node.secretKey,
      credential: { file },
      logger,
    });
    open.push(client);
    const session = await client.session(Desk);
    expect(await call(session, "one", 0)).toEqual(["reader"]);
    const old = seen.session?.peer;
    for (const roles of ["reader,writer", "reader", "reader,writer"]) {
      const renewed = new Promise<string>((resolve) => {
        tell = resolve;
      });
      say(roles);
      expect(await renewed).toBe("the admission was renewed");
      expect(await call(session, "one", 0)).toEqual([roles]);
      expect([...(seen.session?.peer.roles ?? [])].join()).toBe(roles);
      expect(seen.session?.peer).toBe(seen.peers.at(-1));
      expect(client.admission.expiresAt).toEqual(seen.peers.at(-1)?.expiresAt);
      if (roles === "reader")
        expect(await failure(call(session, "one", 0, true))).toMatchObject(missing("writer"));
      else expect(await call(session, "down", 0, true)).toEqual([roles]);
    }
    expect([...(old?.roles ?? [])]).toEqual(["reader"]);
    rmSync(path.dirname(file), { recursive: true });
  });

  it("come from the credential, and not from what the client says in metadata", async () => {
    const { client } = await admitted();
    const claims = { "aster.role": "writer", "Aster.Role": "writer", role: "writer" };
    const session = await client.session(Desk, { metadata: claims });
    expect(await failure(session.writeOne({ n: 0 }, { metadata: claims }))).toMatchObject(missing("writer"));
    expect(await session.one({ n: 0 }, { metadata: claims })).toEqual({ text: "reader" });
    const kept = new Map([["role", "writer"]]);
    expect([seen.session?.metadata, ...seen.metadata]).toEqual([kept, kept]);
  });
});

describe("the end of an admission", () => {
  const ways = ["CREDENTIAL_EXPIRED", "CREDENTIAL_REVOKED"] as const;

  it.each(patterns.flatMap((pattern) => ways.map((reason) => [reason, pattern] as const)))(
    "%s ends the session and its running call: %s",
    async (reason, pattern) => {
      const expires = reason === "CREDENTIAL_EXPIRED";
      const { session, node } = await admitted(expires ? { lasts: 2 } : {});
      const running = failure(call(session, pattern, 1));
      await seen.until(() => seen.calls.length === 1);
      const behind = failure(session.one({ n: 0 }));
      if (!expires) await server.revoke({ list: revocationList(root, 1, [node.endpointId]) });
      const ended = { code: Code.UNAUTHENTICATED, reason, isLocal: false };
      expect(await running).toMatchObject(ended);
      expect(await behind).toMatchObject({ code: Code.UNAUTHENTICATED, notSent: true });
      const { by, error } = await session.closed;
      expect(by).toBe("server");
      expect(error).toMatchObject(ended);
      await seen.until(() => seen.ends.length === 1 && seen.aborts.length === 1);
      expect(seen.aborts).toMatchObject([{ code: Code.UNAUTHENTICATED }]);
      expect(seen.ends).toEqual(["shutdown"]);
      expect(seen.session?.signal.reason).toMatchObject({ code: Code.UNAVAILABLE, reason: "SESSION_OVER" });
      expect(seen.calls).toHaveLength(1);
    },
  );

  it.each(ways)("%s ends a session between two calls", async (reason) => {
    const expires = reason === "CREDENTIAL_EXPIRED";
    const { session, node } = await admitted(expires ? { lasts: 2 } : {});
    await call(session, "both", 0);
    if (!expires) await server.revoke({ endpointId: node.endpointId });
    const { error } = await session.closed;
    expect(error).toMatchObject({ code: Code.UNAUTHENTICATED, reason });
    expect(await failure(session.one({ n: 0 }))).toMatchObject({ code: Code.UNAUTHENTICATED, notSent: true });
    await seen.until(() => seen.ends.length === 1);
    expect(seen.ends).toEqual(["shutdown"]);
    expect(seen.session?.signal.reason).toMatchObject({ code: Code.UNAVAILABLE, reason: "SESSION_OVER" });
  });
});
