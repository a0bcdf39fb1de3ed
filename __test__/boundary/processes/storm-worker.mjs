/** One worker of worker-storm.mjs: gets busy in the way it is told and says so; the main thread ends it. */
import { parentPort, workerData } from "node:worker_threads";
import { AsterClient, AsterNode, AsterServer } from "aster-rpc";
import { fresh, local, Probe, probe } from "../support/probe.mjs";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const { role, handle, ticket, payload } = workerData;
const data = new Uint8Array(payload);
const ignored = () => {};

/** Calls of all patterns that never end, and some that do. */
function keepBusy(stub) {
  for (let id = 0; id < 8; id++) {
    stub.hang({ id }, { timeoutMs: null }).catch(ignored);
    void again(() => stub.echo({ id, data }));
    void consume(stub.count({ id: -1, data }));
  }
  stub.sum(endless()).catch(ignored);
  const chat = stub.talk();
  void again(() => chat.send({ id: 1, data }));
  void consume(chat);
}

async function* endless() {
  for (let id = 0; ; id++) {
    await null;
    yield { id, data };
  }
}

async function again(run) {
  try {
    for (;;) await run();
  } catch {}
}

async function consume(stream) {
  try {
    for await (const item of stream) if (item.id === -2) return;
  } catch {}
}

const roles = {
  async client() {
    const node = AsterNode.attach(handle, { logger: quiet });
    const client = await node.connect(ticket);
    keepBusy(client.stub(Probe));
  },
  async server() {
    const node = AsterNode.attach(handle, { logger: quiet });
    node.serve({ services: [probe()], access: "open" });
  },
  async both() {
    const server = await AsterServer.start({ ...fresh, logger: quiet, services: [probe()], access: "open" });
    const client = await AsterClient.connect(server.ticket, { ...local, logger: quiet });
    keepBusy(client.stub(Probe));
  },
  /** Ended while the control plane is at work: dialling somebody who never answers, binding, closing. */
  async dialling() {
    const node = AsterNode.attach(handle, { logger: quiet });
    node.connect(ticket).catch(ignored);
    AsterServer.start({ ...fresh, logger: quiet, services: [probe()], access: "open" }).catch(ignored);
  },
  /** Ends by itself, in the middle of calls. */
  async leaves() {
    const node = AsterNode.attach(handle, { logger: quiet });
    const client = await node.connect(ticket);
    keepBusy(client.stub(Probe));
    setImmediate(() => process.exit(0));
  },
  async throws() {
    const node = AsterNode.attach(handle, { logger: quiet });
    const client = await node.connect(ticket);
    keepBusy(client.stub(Probe));
    setImmediate(() => {
      throw new Error("thrown on purpose");
    });
  },
};

await roles[role]();
parentPort.postMessage("busy");
