/**
 * Two servers of one service, and a client that finds both by name. It knows one ticket only.
 *
 *   node examples/registry/main.ts                 Node 22.18 and newer
 *   node --import tsx examples/registry/main.ts    Node 20
 */
import { AsterNode, AsterServer, implement, message, service, t, unary } from "aster-rpc";

const Question = message("weather/Question", { city: t.string });
const Answer = message("weather/Answer", { from: t.string, celsius: t.int });
const Weather = service("Weather", { version: 1 }, { now: unary(Question, Answer) });

const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" } as const;
const weather = (from: string) => implement(Weather, { now: () => ({ from, celsius: 21 }) });

// The second server joins the first, and so becomes a member of the same registry.
const north = await AsterServer.start({
  services: [weather("north")],
  access: "open",
  tags: ["north"],
  ...local,
});
const south = await AsterServer.start({
  services: [weather("south")],
  access: "open",
  tags: ["south"],
  registry: { join: [north.ticket] },
  ...local,
});

// One ticket is enough: the first server introduces the second.
const node = await AsterNode.start({ registry: { join: [north.ticket] }, ...local });
const seen = new Set<string>();
for await (const { up, endpointId } of node.registry.watch("Weather")) {
  if (up) seen.add(endpointId);
  if (seen.size === 2) break;
}
console.log(`${seen.size} endpoints of Weather`);

const [onlySouth] = await node.registry.resolve("Weather", { tag: "south" });
console.log(
  `tag south: ${onlySouth?.endpointId === south.endpointId}, ${onlySouth?.health}, known by its ${onlySouth?.source}`,
);

const client = await node.connect({ service: "Weather", version: 1 });
const stub = client.stub(Weather);
const { celsius } = await stub.now({ city: "Hamburg" });
console.log(`${celsius} degrees`);

// The calls go on at the other server when one leaves.
await north.drain();
const { from } = await stub.now({ city: "Hamburg" });
console.log(`now from the ${from}`);

await node.close();
await south.close();
