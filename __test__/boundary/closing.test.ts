/** Closing twice, at the same time and in turn, and using closed handles: the documented error for every kind of handle. */
import { AsterClient, AsterError, AsterNode, AsterServer, Code } from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { fresh, local, Probe, plain, probe } from "./support/probe.mjs";
import { failureOf } from "./support/until.js";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function pair(): Promise<{ server: AsterServer; client: AsterClient }> {
  const server = await AsterServer.start({ ...fresh, services: [probe(), plain()], access: "open" });
  open.push(server);
  const client = await AsterClient.connect(server.ticket, local);
  open.push(client);
  return { server, client };
}

async function aNode(): Promise<AsterNode> {
  const node = await AsterNode.start(fresh);
  open.push(node);
  return node;
}

const closed = { code: Code.FAILED_PRECONDITION, reason: "CLOSED", notSent: true, isLocal: true };

function expectClosed(error: unknown): void {
  expect(error).toBeInstanceOf(AsterError);
  expect(error).toMatchObject(closed);
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("this should have thrown");
}

describe("closing twice", () => {
  it("is the same as once for a client", async () => {
    const { client } = await pair();
    await Promise.all([client.close(), client.close()]);
    await client.close();
    await client[Symbol.asyncDispose]();
  });

  it("is the same as once for a server", async () => {
    const { server } = await pair();
    await Promise.all([server.close(), server.close(), server.drain()]);
    await server.close();
    await server.drain({ timeoutMs: 0 });
    await server[Symbol.asyncDispose]();
  });

  it("is the same as once for a node, during a drain", async () => {
    const node = await aNode();
    await Promise.all([node.drain({ timeoutMs: 1000 }), node.drain(), node.close(), node.close()]);
    await node.close();
    await node.drain();
  });

  it("is the same as once for an attached node, and its owner stays open", async () => {
    const node = await aNode();
    const attached = AsterNode.attach(node.share());
    await Promise.all([attached.close(), attached.close()]);
    await attached.close();
    expect((await node.info()).draining).toBe(false);
  });
});

describe("use after close", () => {
  it("of a client: stubs, calls of each pattern and the proxy fail without sending anything", async () => {
    const { client } = await pair();
    const stub = client.stub(Probe);
    const loose = client.proxy("Plain");
    const chat = stub.talk();
    await loose.call("echo", { id: 1, text: "" });
    await client.close();

    expectClosed(await failureOf(stub.echo({ id: 1 })));
    expectClosed(await failureOf(stub.count({ id: 1 }).next()));
    expectClosed(await failureOf(stub.sum([])));
    expectClosed(await failureOf(chat.send({ id: 1 })));
    expectClosed(await failureOf(stub.talk().next()));
    expectClosed(await failureOf(stub.talk().end()));
    expectClosed(await failureOf(loose.call("echo", { id: 1, text: "" })));
    expectClosed(await failureOf(loose.call("count", {})));
    expectClosed(await failureOf(loose.clientStream("sum", [])));
    expectClosed(thrownBy(() => loose.bidi("talk")));
    expectClosed(thrownBy(() => client.stub(Probe)));
    expectClosed(thrownBy(() => client.proxy("Plain").serverStream("count", {})));
    expect(await failureOf(client.info())).toMatchObject({ code: Code.FAILED_PRECONDITION });
  });

  it("of a client with interceptors: the same errors", async () => {
    const { server } = await pair();
    const client = await AsterClient.connect(server.ticket, {
      ...local,
      interceptors: [(next) => async (call) => next(call)],
    });
    const stub = client.stub(Probe);
    await client.close();
    expectClosed(await failureOf(stub.echo({ id: 1 })));
    expectClosed(await failureOf(stub.count({ id: 1 }).next()));
    expectClosed(await failureOf(stub.sum([])));
    expectClosed(await failureOf(stub.talk().next()));
    expectClosed(await failureOf(stub.talk().send({ id: 1 })));
  });

  it("of a node and of an attached node", async () => {
    const { server } = await pair();
    const node = await aNode();
    const attached = AsterNode.attach(node.share());
    await attached.close();
    await node.close();
    for (const shut of [attached, node]) {
      expectClosed(await failureOf(shut.connect(server.ticket)));
      expectClosed(await failureOf(shut.info()));
      expectClosed(thrownBy(() => shut.serve({ services: [probe()], access: "open" })));
      expectClosed(thrownBy(() => shut.share()));
    }
  });

  it("of an attached node whose owner closed it", async () => {
    const { server } = await pair();
    const node = await aNode();
    const attached = AsterNode.attach(node.share());
    open.push(attached);
    await node.close();
    expect(await failureOf(attached.connect(server.ticket))).toMatchObject({
      code: Code.FAILED_PRECONDITION,
    });
    expect(thrownBy(() => attached.serve({ services: [probe()], access: "open" }))).toMatchObject({
      code: Code.FAILED_PRECONDITION,
    });
  });

  it("of a server: it serves once, and a second serve() is an error", async () => {
    const { server } = await pair();
    const again = () => server.node.serve({ services: [probe()], access: "open" });
    expect(thrownBy(again)).toMatchObject({ code: Code.FAILED_PRECONDITION, reason: "SERVING" });
    await server.close();
    expectClosed(thrownBy(again));
  });

  it("of calls: send() after the end is an error, and a cancelled stream is done", async () => {
    const { client } = await pair();
    const stub = client.stub(Probe);

    const ended = stub.talk();
    await ended.send({ id: 1 });
    await ended.end();
    await ended.end();
    expect(await failureOf(ended.send({ id: 2 }))).toMatchObject({ reason: "INPUT_ENDED" });
    expect((await ended.next()).value).toMatchObject({ id: 1 });
    expect(await ended.next()).toEqual({ done: true, value: undefined });
    expect(await ended.next()).toEqual({ done: true, value: undefined });
    expect(await failureOf(ended.send({ id: 3 }))).toMatchObject({ reason: "INPUT_ENDED" });

    const left = stub.count({ id: -1 });
    expect((await left.next()).value).toMatchObject({ id: 0 });
    await Promise.all([left.return(), left.return()]);
    expect(await left.next()).toEqual({ done: true, value: undefined });
    await left[Symbol.asyncDispose]();

    const unopened = stub.talk();
    await unopened.return();
    expect(await failureOf(unopened.send({ id: 1 }))).toMatchObject({ reason: "CALL_OVER" });
    expect(await unopened.next()).toEqual({ done: true, value: undefined });
  });
});

describe("closing with running calls", () => {
  it("ends every call of a client with UNAVAILABLE", async () => {
    const { client } = await pair();
    const stub = client.stub(Probe);
    const chat = stub.talk();
    await chat.send({ id: 1 });
    const stream = stub.count({ id: -1 });
    await stream.next();
    const pending = [failureOf(stub.hang({ id: 1 })), failureOf(drawn(stream)), failureOf(drawn(chat))];
    await stub.echo({ id: 1 }); // the calls before it have arrived
    await client.close();
    for (const error of await Promise.all(pending)) {
      expect(error).toMatchObject({ code: Code.UNAVAILABLE, isLocal: true });
    }
  });

  it("ends the calls on both sides when the server closes", async () => {
    const { server, client } = await pair();
    const stub = client.stub(Probe);
    const pending = [failureOf(stub.hang({ id: 1 })), failureOf(drawn(stub.count({ id: -1 })))];
    await stub.echo({ id: 1 });
    await server.close();
    for (const error of await Promise.all(pending)) expect(error).toMatchObject({ code: Code.UNAVAILABLE });
  });

  it("settles a running connect when its node closes", async () => {
    const { server } = await pair();
    const node = await aNode();
    const connecting = node.connect(server.ticket).then(
      (client) => client.close(),
      (error: unknown) => expect(error).toBeInstanceOf(AsterError),
    );
    await node.close();
    await connecting;
  });
});

async function drawn(stream: AsyncIterable<{ id: number }>): Promise<void> {
  for await (const { id } of stream) expect(Number.isInteger(id)).toBe(true);
}
