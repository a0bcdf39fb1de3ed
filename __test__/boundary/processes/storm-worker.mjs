/** A worker of worker-storm.mjs. It starts work of the given kind and reports it; the main thread then ends it. */
import { parentPort, workerData } from "node:worker_threads";
import { AsterClient, AsterNode, AsterServer } from "aster-rpc";
import { fresh, local, Probe, probe } from "../support/probe.mjs";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const { role, handle, ticket, payload } = workerData;
const data = new Uint8Array(payload);
const ignored = () => {};

/** Calls of all patterns that never end: some are idle, some stop their peer from sending, some continue to send. */
function keepBusy(stub) {
  for (let id = 0; id < 3; id++) {
    stub.hang({ id }, { timeoutMs: null }).catch(ignored);
    void stub.count({ id: -1, data }).next().catch(ignored);
  }
  void again(() => stub.echo({ id: 1, data }));
  void again(async () => {
    for await (const { id } of stub.count({ id: -1, data })) if (id === 10) break;
  });
  stub.sum(endless()).catch(ignored);
  const chat = stub.talk();
  void again(() => chat.send({ id: 1, data }));
}

async function* endless() {
  for (let id = 0; ; id++) {
    if (id % 64 === 0) await new Promise(setImmediate);
    yield { id, data };
  }
}

async function again(run) {
  try {
    for (;;) {
      await run();
      await new Promise(setImmediate);
    }
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
  /** Ended during work of the control plane: connecting to an address without a server, binding, closing. */
  async dialling() {
    const node = AsterNode.attach(handle, { logger: quiet });
    node.connect(ticket).catch(ignored);
    AsterServer.start({ ...fresh, logger: quiet, services: [probe()], access: "open" }).catch(ignored);
  },
  /** Ends on its own, during calls. */
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
