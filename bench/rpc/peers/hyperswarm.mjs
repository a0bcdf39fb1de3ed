// @hyperswarm/rpc over its own DHT on loopback. It has requests and one-way events. A stream is a sequence of events on
// the same ordered channel, with the channel's `drained` as flow control; the response to a request ends it.
import { once } from "node:events";
import Rpc from "@hyperswarm/rpc";
import encoding from "compact-encoding";
import DHT from "hyperdht";
import createTestnet from "hyperdht/testnet.js";
import { answer, items, UploadCheck } from "../messages.mjs";

/** A compact-encoding codec of a message with these members, in this order. */
const record = (members) => ({
  preencode(state, value) {
    for (const [name, codec] of members) codec.preencode(state, value[name]);
  },
  encode(state, value) {
    for (const [name, codec] of members) codec.encode(state, value[name]);
  },
  decode(state) {
    const value = {};
    for (const [name, codec] of members) value[name] = codec.decode(state);
    return value;
  },
});

const { string, uint, bool, none, buffer } = encoding;
const request = record([
  ["agentId", string],
  ["seq", uint],
  ["level", string],
]);
const status = record([
  ["agentId", string],
  ["status", string],
  ["uptimeSecs", uint],
]);
const received = record([
  ["bytes", uint],
  ["intact", bool],
]);
const getStatus = { requestEncoding: request, responseEncoding: status };
const watchStatus = { requestEncoding: request, responseEncoding: none };
const echo = { requestEncoding: buffer, responseEncoding: buffer };
const finishUpload = { requestEncoding: none, responseEncoding: received };

/** Sends each value as an event, `batch` events in one write, and waits if the stream is full. */
async function sendEvents(rpc, name, values, requestEncoding, batch) {
  let waiting = 0;
  rpc.cork();
  for (const value of values) {
    rpc.event(name, value, { requestEncoding });
    waiting += 1;
    if (waiting % batch !== 0) continue;
    rpc.uncork();
    if (!rpc.mux.drained) await once(rpc.stream, "drain");
    rpc.cork();
  }
  rpc.uncork();
}

export async function prepare() {
  const testnet = await createTestnet(3);
  return { settings: { bootstrap: testnet.bootstrap }, dispose: () => testnet.destroy() };
}

export async function serve({ bootstrap }) {
  const server = new Rpc({
    dht: new DHT({ bootstrap, host: "127.0.0.1", firewalled: false }),
  }).createServer();
  const uploads = new WeakMap();
  server.on("connection", (rpc) => uploads.set(rpc, new UploadCheck()));
  server.respond("getStatus", getStatus, answer);
  server.respond("echo", echo, (data) => data);
  server.respond("watchStatus", watchStatus, (wanted, rpc) =>
    sendEvents(rpc, "item", items(wanted), status, 64),
  );
  server.respond("chunk", { requestEncoding: buffer }, (data, rpc) => uploads.get(rpc).add(data));
  server.respond("finishUpload", finishUpload, (_, rpc) => {
    const { result } = uploads.get(rpc);
    uploads.set(rpc, new UploadCheck());
    return result;
  });
  await server.listen(DHT.keyPair());
  return server.publicKey.toString("hex");
}

let dht;

export async function connect({ bootstrap }, address) {
  dht ??= new DHT({ bootstrap, host: "127.0.0.1", firewalled: false });
  const client = new Rpc({ dht }).connect(Buffer.from(address, "hex"), { keyPair: DHT.keyPair() });
  let failure = null;
  client.stream.once("error", (error) => {
    failure = error;
  });
  await client.rpc.fullyOpened(); // also resolves if the connection failed
  if (client.closed) throw failure ?? new Error("the connection was closed");
  return {
    unary: (value) => client.request("getStatus", value, getStatus),
    echo: (data) => client.request("echo", data, echo),
    async serverStream(value, onItem) {
      client.rpc.respond("item", { requestEncoding: status }, onItem);
      await client.request("watchStatus", value, watchStatus);
    },
    async upload(chunk, count) {
      await sendEvents(client.rpc, "chunk", Array(count).fill(chunk), buffer, 1);
      return client.request("finishUpload", null, finishUpload);
    },
  };
}
