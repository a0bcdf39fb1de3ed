// @number0/iroh without an RPC library: one bidirectional stream for each call. The first byte selects the method; messages
// are JSON, and a 4-byte length precedes each item and chunk.
import { Endpoint, EndpointTicket, presetMinimal, RelayMode } from "@number0/iroh";
import { answer, items, UploadCheck } from "../messages.mjs";

const alpn = [...Buffer.from("aster-bench/1")];
const kinds = { unary: 1, serverStream: 2, upload: 3 };
const readLimit = 1 << 20;

/** Keeps endpoints reachable: an endpoint that is garbage-collected closes its connections. */
const alive = [];

async function bind() {
  const builder = Endpoint.builder();
  presetMinimal(builder);
  builder.relayMode(RelayMode.disabled());
  builder.bindAddr("127.0.0.1:0");
  builder.alpns([alpn]);
  const endpoint = await builder.bind();
  alive.push(endpoint);
  return endpoint;
}

const toJson = (value) => Buffer.from(JSON.stringify(value));
const fromJson = (bytes) => JSON.parse(Buffer.from(bytes).toString());

/** The array of numbers that the addon needs, with a length before the bytes. */
function framed(bytes) {
  const frame = new Array(bytes.length + 4);
  for (let i = 0; i < 4; i += 1) frame[i] = (bytes.length >>> (8 * i)) & 255;
  for (let i = 0; i < bytes.length; i += 1) frame[i + 4] = bytes[i];
  return frame;
}

/** The frames of a stream, until it ends. */
async function* frames(recv) {
  let rest = Buffer.alloc(0);
  for (;;) {
    const part = await recv.read(readLimit);
    if (part.length === 0) return;
    rest = rest.length === 0 ? Buffer.from(part) : Buffer.concat([rest, Buffer.from(part)]);
    let at = 0;
    while (rest.length - at >= 4 && rest.length - at - 4 >= rest.readUInt32LE(at)) {
      const end = at + 4 + rest.readUInt32LE(at);
      yield rest.subarray(at + 4, end);
      at = end;
    }
    rest = rest.subarray(at);
  }
}

async function handle({ send, recv }) {
  const [kind] = await recv.read(1);
  if (kind === kinds.upload) {
    const check = new UploadCheck();
    for await (const chunk of frames(recv)) check.add(chunk);
    await send.writeAll([...toJson(check.result)]);
  } else {
    const request = fromJson(await recv.readToEnd(readLimit));
    if (kind === kinds.unary) await send.writeAll([...toJson(answer(request))]);
    else for (const item of items(request)) await send.writeAll(framed(toJson(item)));
  }
  await send.finish();
}

async function acceptStreams(connection) {
  for (;;) {
    const stream = await connection.acceptBi();
    handle(stream).catch(fail);
  }
}

async function acceptConnections(endpoint) {
  for (
    let incoming = await endpoint.acceptNext();
    incoming !== null;
    incoming = await endpoint.acceptNext()
  ) {
    const accepting = await incoming.accept();
    acceptStreams(await accepting.connect()).catch(fail);
  }
}

/** On an error the process ends, and the cell reports it. */
function fail(error) {
  console.error(error);
  process.exit(1);
}

export async function serve() {
  const endpoint = await bind();
  acceptConnections(endpoint).catch(fail);
  return EndpointTicket.fromAddr(endpoint.addr()).toString();
}

export async function connect(_settings, address) {
  const endpoint = await bind();
  const connection = await endpoint.connect(EndpointTicket.fromString(address).endpointAddr(), alpn);
  const open = async (kind, request) => {
    const { send, recv } = await connection.openBi();
    await send.writeAll([kind, ...(request === undefined ? [] : toJson(request))]);
    if (request !== undefined) await send.finish();
    return { send, recv };
  };
  return {
    async unary(request) {
      const { recv } = await open(kinds.unary, request);
      return fromJson(await recv.readToEnd(readLimit));
    },
    async serverStream(request, onItem) {
      const { recv } = await open(kinds.serverStream, request);
      for await (const item of frames(recv)) onItem(fromJson(item));
    },
    async upload(chunk, count) {
      const { send, recv } = await open(kinds.upload);
      for (let i = 0; i < count; i += 1) await send.writeAll(framed(chunk));
      await send.finish();
      return fromJson(await recv.readToEnd(readLimit));
    },
  };
}
