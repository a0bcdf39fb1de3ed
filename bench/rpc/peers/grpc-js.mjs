// @grpc/grpc-js over TLS with static protobufjs code.
import { once } from "node:events";
import { credentials, makeGenericClientConstructor, Server, ServerCredentials } from "@grpc/grpc-js";
import { bench } from "../../proto/gen/rpc_protobufjs.js";
import { answer, items, UploadCheck } from "../messages.mjs";
import { prepareTls, readTls } from "../tls.mjs";

const { StatusRequest, Status, Chunk, Received } = bench.rpc;

const method = (path, Request, Response, requestStream, responseStream) => ({
  path: `/bench.rpc.Bench/${path}`,
  requestStream,
  responseStream,
  requestSerialize: (value) => Request.encode(value).finish(),
  requestDeserialize: (bytes) => Request.decode(bytes),
  responseSerialize: (value) => Response.encode(value).finish(),
  responseDeserialize: (bytes) => Response.decode(bytes),
});

const service = {
  getStatus: method("GetStatus", StatusRequest, Status, false, false),
  watchStatus: method("WatchStatus", StatusRequest, Status, false, true),
  upload: method("Upload", Chunk, Received, true, false),
  echo: method("Echo", Chunk, Chunk, false, false),
};

// The limit for messages is 4 MiB by default; the echo sends more.
const sizes = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

async function watchStatus(call) {
  for (const item of items(call.request)) if (!call.write(item)) await once(call, "drain");
  call.end();
}

function receiveUpload(call, callback) {
  const check = new UploadCheck();
  call.on("data", (chunk) => check.add(chunk.data));
  call.on("end", () => callback(null, check.result));
}

export const prepare = (scratch) => ({ settings: prepareTls(scratch) });

export async function serve(settings) {
  const { key, cert } = readTls(settings);
  const server = new Server(sizes);
  server.addService(service, {
    getStatus: (call, callback) => callback(null, answer(call.request)),
    watchStatus: (call) => watchStatus(call).catch((error) => call.destroy(error)),
    upload: receiveUpload,
    echo: (call, callback) => callback(null, call.request),
  });
  const tls = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]);
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", tls, (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}

const Client = makeGenericClientConstructor(service, "Bench");

export async function connect(settings, address) {
  const client = new Client(address, credentials.createSsl(readTls(settings).cert), {
    "grpc.ssl_target_name_override": "localhost",
    ...sizes,
    "grpc.use_local_subchannel_pool": 1, // else two clients of one process would share a connection
  });
  return {
    unary: (request) =>
      new Promise((resolve, reject) => {
        client.getStatus(request, (error, response) => (error ? reject(error) : resolve(response)));
      }),
    serverStream: (request, onItem) =>
      new Promise((resolve, reject) => {
        client.watchStatus(request).on("data", onItem).on("error", reject).on("end", resolve);
      }),
    upload: (data, count) =>
      new Promise((resolve, reject) => {
        const call = client.upload((error, response) => (error ? reject(error) : resolve(response)));
        sendChunks(call, data, count).catch(reject);
      }),
    echo: (data) =>
      new Promise((resolve, reject) => {
        client.echo({ data }, (error, response) => (error ? reject(error) : resolve(response.data)));
      }),
  };
}

async function sendChunks(call, data, count) {
  for (let i = 0; i < count; i += 1) if (!call.write({ data })) await once(call, "drain");
  call.end();
}
