/** Discovery by servers of one's own: pkarr over HTTP, and DNS. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AsterClient, AsterServer, Ticket } from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { fresh, local, Probe, probe } from "../boundary/support/probe.mjs";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A pkarr server, which keeps what is put for each key. */
async function pkarrServer(): Promise<{ url: string; published: Promise<unknown> }> {
  const kept = new Map<string, Buffer>();
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const key = request.url ?? "";
    if (request.method === "PUT") {
      kept.set(key, Buffer.concat(parts));
      response.end(() => server.emit("published"));
      return;
    }
    const known = kept.get(key);
    response.writeHead(known === undefined ? 404 : 200).end(known);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/pkarr`, published: once(server, "published") };
}

/** A DNS server that answers each question for texts with the same text. */
async function dnsServer(text: string): Promise<{ address: string; asked: string[] }> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (question, from) => {
    // The head has 12 bytes. The name is labels with their lengths; a type and a class follow.
    let at = 12;
    const labels: string[] = [];
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const end = at + 5;
    const isText = question.readUInt16BE(at + 1) === 16;
    if (isText) asked.push(labels.join("."));
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isText ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const data = Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
    const answer = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 30, 0, data.length]);
    socket.send(
      Buffer.concat([head, question.subarray(12, end), ...(isText ? [answer, data] : [])]),
      from.port,
      from.address,
    );
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  open.push({ close: () => socket.close() });
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}

async function serve(discovery?: { pkarr: string }): Promise<AsterServer> {
  const server = await AsterServer.start({
    ...fresh,
    ...(discovery === undefined ? {} : { discovery }),
    services: [probe()],
    access: "open",
    registry: "off",
  });
  open.push(server);
  return server;
}

describe("an endpoint id", () => {
  it("leads to a server that published itself at a pkarr server", async () => {
    const { url, published } = await pkarrServer();
    const server = await serve({ pkarr: url });
    await published;
    const client = await AsterClient.connect(server.endpointId, { ...local, discovery: { pkarr: url } });
    open.push(client);
    await client.stub(Probe).echo({ id: 1 });
    expect(client.path).toMatchObject({ kind: "direct", address: server.addresses[0] });
  });

  it("leads to a server whose address a DNS server has", async () => {
    const server = await serve();
    const { address, asked } = await dnsServer(`addr=${server.addresses[0]}`);
    const discovery = { dns: "endpoints.example", nameserver: address };
    const client = await AsterClient.connect(server.endpointId, { ...local, discovery });
    open.push(client);
    await client.stub(Probe).echo({ id: 1 });
    expect(asked[0]).toMatch(/^_iroh\.[a-z0-9]{52}\.endpoints\.example$/);
  });

  it("leads nowhere without discovery", async () => {
    const server = await serve();
    await expect(AsterClient.connect(server.endpointId, local)).rejects.toMatchObject({ notSent: true });
  });

  it.each([
    ["an address that is none", { nameserver: "ns.example" }, /options\.discovery\.nameserver/],
    ["a URL of another protocol", { pkarr: "ftp://127.0.0.1" }, /options\.discovery\.pkarr/],
    ["a word", { local: "yes" }, /options\.discovery\.local/],
  ])("cannot be looked up with %s", async (_, discovery, message) => {
    const options = { ...local, discovery: discovery as never };
    await expect(AsterClient.connect("0".repeat(64), options)).rejects.toThrow(message);
  });
});

describe("a ticket as a QR code", () => {
  it("is a square of characters for a terminal", async () => {
    const drawing = Ticket.qr((await serve()).ticket);
    const lines = drawing.trimEnd().split("\n");
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[0]).toMatch(/^█+$/);
    expect(Math.abs(lines.length * 2 - lines[0]!.length)).toBeLessThanOrEqual(1);
    expect(() => Ticket.qr("hello")).toThrow(/must start with "aster1"/);
    expect(() => Ticket.qr(1 as never)).toThrow(TypeError);
  });
});
