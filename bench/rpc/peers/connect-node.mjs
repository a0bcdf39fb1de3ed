// @connectrpc/connect-node: the Connect protocol, binary, over HTTP/2 with TLS, with protobuf-es messages.
import { once } from "node:events";
import { createSecureServer } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";
import { Bench } from "../../proto/gen/rpc_pb.js";
import { answer, items, UploadCheck } from "../messages.mjs";
import { prepareTls, readTls } from "../tls.mjs";

async function receiveUpload(chunks) {
  const check = new UploadCheck();
  for await (const chunk of chunks) check.add(chunk.data);
  return check.result;
}

async function* watchStatus(request) {
  yield* items(request);
}

export const prepare = (scratch) => ({ settings: prepareTls(scratch) });

export async function serve(settings) {
  const routes = (router) => router.service(Bench, { getStatus: answer, watchStatus, upload: receiveUpload });
  const server = createSecureServer(readTls(settings), connectNodeAdapter({ routes }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `https://127.0.0.1:${server.address().port}`;
}

async function* repeat(data, count) {
  for (let i = 0; i < count; i += 1) yield { data };
}

export async function connect(settings, address) {
  const nodeOptions = { ca: readTls(settings).cert, servername: "localhost" };
  const client = createClient(
    Bench,
    createConnectTransport({ baseUrl: address, httpVersion: "2", nodeOptions }),
  );
  return {
    unary: (request) => client.getStatus(request),
    async serverStream(request, onItem) {
      for await (const item of client.watchStatus(request)) onItem(item);
    },
    upload: (data, count) => client.upload(repeat(data, count)),
  };
}
