// aster-rpc as users call it: a typed service, all features on, default options except loopback without relays.
import { randomBytes } from "node:crypto";
import {
  AsterClient,
  AsterServer,
  clientStream,
  implement,
  message,
  serverStream,
  service,
  t,
  unary,
} from "../../../dist/index.js";
import { answer, items, UploadCheck } from "../messages.mjs";

const StatusRequest = message("bench/StatusRequest", { agentId: t.string, seq: t.int, level: t.string });
const Status = message("bench/Status", { agentId: t.string, status: t.string, uptimeSecs: t.int });
const Chunk = message("bench/Chunk", { data: t.bytes });
const Received = message("bench/Received", { bytes: t.int, intact: t.bool });

const methods = {
  getStatus: unary(StatusRequest, Status),
  watchStatus: serverStream(StatusRequest, Status),
  upload: clientStream(Chunk, Received),
  echo: unary(Chunk, Chunk),
};
const Bench = service("Bench", { version: 1 }, methods);
/** The same service for callers with a role. */
export const GatedBench = service("Bench", { version: 1, requires: "bench" }, methods);

const handlers = {
  getStatus: answer,
  async *watchStatus(request) {
    yield* items(request);
  },
  async upload(chunks) {
    const check = new UploadCheck();
    for await (const chunk of chunks) check.add(chunk.data);
    return check.result;
  },
  echo: (chunk) => chunk,
};

export const serve = () => serveTo(Bench, "open");

/** Starts a server with this access. */
export async function serveTo(bench, access) {
  const server = await AsterServer.start({
    services: [implement(bench, handlers)],
    access,
    limits: { maxConnectionsPerPeer: 4096 }, // W5 opens all its connections from one process
    bind: "127.0.0.1:0",
    relay: "disabled",
    secretKey: randomBytes(32), // a new identity for this run, so no key file is written into the project folder
  });
  return server.ticket;
}

async function* repeat(data, count) {
  for (let i = 0; i < count; i += 1) yield { data };
}

export const connect = (_settings, address) => connectWith(address, {});

/** Opens a connection whose stub has these options, from an endpoint with these options. */
export async function connectWith(
  address,
  stubOptions,
  endpoint = { bind: "127.0.0.1:0", relay: "disabled" },
) {
  const client = await AsterClient.connect(address, endpoint);
  const bench = client.stub(Bench, stubOptions);
  return {
    unary: (request) => bench.getStatus(request),
    async serverStream(request, onItem) {
      for await (const item of bench.watchStatus(request)) onItem(item);
    },
    upload: (data, count) => bench.upload(repeat(data, count)),
    echo: async (data) => (await bench.echo({ data })).data,
  };
}
