/** Sessions between two nodes: the four patterns, the order of calls, and how sessions end. */
import { AsterError, Code } from "aster-rpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { disposed, Lobby, lobbyPair } from "./fixtures/lobby.js";

let pair: Awaited<ReturnType<typeof lobbyPair>>;
beforeEach(async () => {
  pair = await lobbyPair();
});
afterEach(() => pair.close());

const failure = (promise: Promise<unknown>): Promise<AsterError> =>
  promise.then(
    () => expect.unreachable("the call must fail"),
    (error: unknown) => {
      expect(error).toBeInstanceOf(AsterError);
      return error as AsterError;
    },
  );

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function* moves(count: number, fill = ""): Iterable<{ at: number; fill: string }> {
  for (let at = 0; at < count; at++) yield { at, fill };
}

describe.each(["xlang", "json"] as const)("a session in %s mode", (mode) => {
  it("carries calls of all patterns, one after the other, to one object", async () => {
    const lobby = await pair.client.session(Lobby, { mode });
    expect(await lobby.join({ name: "Ada" })).toEqual({ number: 1, name: "Ada" });
    expect(await collected(lobby.replay({ at: 3 }))).toHaveLength(3);
    expect(await lobby.load(moves(10))).toEqual({ moves: 11, last: 9 });
    const play = lobby.play();
    await play.send({ at: 7 });
    expect(await play.next()).toEqual({ done: false, value: { moves: 12, last: 7 } });
    await play.end();
    expect(await play.next()).toEqual({ done: true, value: undefined });
    expect(await lobby.join({ name: "Bob" })).toEqual({ number: 13, name: "Bob" });
    await lobby.close();
    expect(await lobby.closed).toEqual({ by: "client", error: null, lastFinishedCall: 5 });
    const record = await disposed(pair.records[0]);
    expect(record).toMatchObject({ causes: ["closed"], disposed: 1 });
    expect(record.session.id).toBe(lobby.id);
  });

  it("streams more than all budgets in both directions", async () => {
    const lobby = await pair.client.session(Lobby, { mode });
    const fill = "x".repeat(64 * 1024);
    expect(await lobby.load(moves(200, fill))).toEqual({ moves: 200, last: 199 });
    const boards = await collected(lobby.replay({ at: 100_000 }));
    expect(boards.at(-1)).toEqual({ moves: 200, last: 99_999 });
    await lobby.close();
  });
});

it("sessions of one client have objects of their own", async () => {
  const [one, two] = await Promise.all([pair.client.session(Lobby), pair.client.session(Lobby)]);
  expect((await one.join({ name: "a" })).number).toBe(1);
  expect((await one.join({ name: "a" })).number).toBe(2);
  expect((await two.join({ name: "b" })).number).toBe(1);
});

it("calls of a session run in the order in which they were made", async () => {
  const lobby = await pair.client.session(Lobby);
  const seats = await Promise.all(Array.from({ length: 100 }, () => lobby.join({ name: "x" })));
  expect(seats.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
});

it("a failed call leaves the session usable", async () => {
  const lobby = await pair.client.session(Lobby);
  const error = await failure(lobby.fail({ name: "Ada" }));
  expect([error.code, error.rawMessage, error.reason]).toEqual([Code.ABORTED, "no seat for Ada", "FULL"]);
  expect((await lobby.join({ name: "Ada" })).number).toBe(1);
});

it("a cancelled call leaves the session usable, and its handler is aborted", async () => {
  const lobby = await pair.client.session(Lobby);
  await lobby.join({ name: "first" });
  const abort = new AbortController();
  const waiting = failure(lobby.wait({ name: "" }, { signal: abort.signal }));
  const behind = lobby.join({ name: "behind" });
  abort.abort();
  expect((await waiting).code).toBe(Code.CANCELLED);
  expect((await behind).number).toBe(2);
});

it("a call that waits for its turn can be left without any effect at the server", async () => {
  const lobby = await pair.client.session(Lobby);
  const release = new AbortController();
  const first = failure(lobby.wait({ name: "" }, { signal: release.signal }));
  const abort = new AbortController();
  const second = failure(lobby.join({ name: "" }, { signal: abort.signal }));
  abort.abort();
  expect((await second).code).toBe(Code.CANCELLED);
  const late = await failure(lobby.join({ name: "" }, { timeoutMs: 50 }));
  expect([late.code, late.notSent]).toEqual([Code.DEADLINE_EXCEEDED, true]);
  release.abort();
  await first;
  expect((await lobby.join({ name: "" })).number).toBe(1);
});

it("a deadline ends the running call at both sides, and the session goes on", async () => {
  const lobby = await pair.client.session(Lobby);
  await lobby.join({ name: "" });
  const error = await failure(lobby.wait({ name: "" }, { timeoutMs: 50 }));
  expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
  expect((await lobby.join({ name: "" })).number).toBe(2);
  expect(pair.records[0]?.aborted).toBe(1);
});

it("break in a response stream cancels the call and frees the session", async () => {
  const lobby = await pair.client.session(Lobby);
  for await (const board of lobby.replay({ at: 1_000_000 })) if (board.last === 10) break;
  expect((await lobby.join({ name: "" })).number).toBe(1);
  expect(pair.records[0]?.returned).toBe(1);
});

it("calls made before close() finish, later ones are refused", async () => {
  const lobby = await pair.client.session(Lobby);
  const made = [lobby.join({ name: "" }), lobby.join({ name: "" })];
  const closed = lobby.close();
  const error = await failure(lobby.join({ name: "" }));
  expect([error.code, error.reason, error.notSent]).toEqual([Code.FAILED_PRECONDITION, "SESSION_OVER", true]);
  expect((await Promise.all(made)).map(({ number }) => number)).toEqual([1, 2]);
  await closed;
});

it("the signal of a session ends it and its calls", async () => {
  const abort = new AbortController();
  const lobby = await pair.client.session(Lobby, { signal: abort.signal });
  await lobby.join({ name: "" });
  const play = lobby.play();
  await play.send({ at: 1 });
  await play.next();
  const running = failure(play.next());
  const waiting = failure(lobby.join({ name: "" }));
  abort.abort();
  expect((await running).code).toBe(Code.CANCELLED);
  expect((await waiting).notSent).toBe(true);
  await lobby.closed;
  expect((await disposed(pair.records[0])).disposed).toBe(1);
});

it("a server ends a session with an error of its own", async () => {
  const lobby = await pair.client.session(Lobby);
  await lobby.join({ name: "" });
  pair.records[0]?.session.close(new AsterError(Code.ABORTED, "the game is over", { reason: "GAME_OVER" }));
  const end = await lobby.closed;
  expect([end.by, end.error?.code, end.error?.reason, end.lastFinishedCall]).toEqual([
    "server",
    Code.ABORTED,
    "GAME_OVER",
    1,
  ]);
  const error = await failure(lobby.join({ name: "" }));
  expect([error.code, error.notSent, error.details.get("lastFinishedCall")]).toEqual([
    Code.ABORTED,
    true,
    "1",
  ]);
});

it("drain ends sessions after their running call, and the client learns it", async () => {
  const idle = await pair.client.session(Lobby);
  await idle.join({ name: "" });
  const busy = await pair.client.session(Lobby);
  const play = busy.play();
  await play.send({ at: 1 });
  await play.next();
  const drained = pair.server.drain();
  const end = await idle.closed;
  expect([end.by, end.error?.code]).toEqual(["server", Code.UNAVAILABLE]);
  await play.send({ at: 2 });
  expect(await play.next()).toMatchObject({ value: { moves: 2 } });
  await play.end();
  expect(await play.next()).toMatchObject({ done: true });
  await drained;
  expect((await busy.closed).error?.code).toBe(Code.UNAVAILABLE);
  expect(pair.records.map((record) => [record.causes, record.disposed])).toEqual([
    [["shutdown"], 1],
    [["shutdown"], 1],
  ]);
});

it("a server that closes ends its sessions: calls learn what had finished, and nothing resumes", async () => {
  const lobby = await pair.client.session(Lobby);
  await lobby.join({ name: "" });
  const running = failure(lobby.wait({ name: "" }));
  const waiting = failure(lobby.join({ name: "" }));
  await pair.server.close();
  expect((await running).code).toBe(Code.UNAVAILABLE);
  const never = await waiting;
  expect([never.code, never.notSent]).toEqual([Code.UNAVAILABLE, true]);
  expect((await lobby.closed).error?.code).toBe(Code.UNAVAILABLE);
  expect((await disposed(pair.records[0])).disposed).toBe(1);
});

it("a client that closes loses its sessions, and their calls tell what had finished", async () => {
  const lobby = await pair.client.session(Lobby);
  await lobby.join({ name: "" });
  const play = lobby.play();
  await play.send({ at: 1 });
  await play.next();
  const next = failure(lobby.join({ name: "" }));
  await pair.client.close();
  const error = await failure(play.next());
  expect([error.code, error.details.get("lastFinishedCall")]).toEqual([Code.UNAVAILABLE, "1"]);
  expect((await next).notSent).toBe(true);
  const end = await lobby.closed;
  expect([end.by, end.lastFinishedCall]).toEqual(["connection", 1]);
  expect(await disposed(pair.records[0])).toMatchObject({ causes: ["lost"], disposed: 1 });
});

it("a session without a schema calls by name", async () => {
  const lobby = await pair.client.sessionProxy("Lobby");
  expect(await lobby.call("join", { name: "Ada" })).toEqual({ number: 1, name: "Ada" });
  expect(await collected(lobby.serverStream("replay", { at: 2 }))).toHaveLength(2);
  expect(await lobby.clientStream("load", moves(3))).toEqual({ moves: 4, last: 2 });
  const play = lobby.bidi("play");
  await play.send({ at: 1 });
  await play.end();
  expect(await collected(play)).toEqual([{ moves: 5, last: 1 }]);
  const error = await failure(lobby.call("nothing", {}));
  expect(error.code).toBe(Code.UNIMPLEMENTED);
  expect(await lobby.call("join", { name: "Bob" })).toEqual({ number: 6, name: "Bob" });
  await lobby.close();
});

it("stub() and proxy() refuse a session service and name the function to use", async () => {
  expect(() => pair.client.stub(Lobby)).toThrow("client.session()");
  expect(() => pair.client.proxy("Lobby")).toThrow("client.sessionProxy()");
});
