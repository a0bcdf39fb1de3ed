/** A user's program in JavaScript: serves and calls itself once, then must end without help. */
import { createRequire } from "node:module";
import { AsterClient, AsterServer, implement, message, service, t, unary } from "aster-rpc";

const Name = message("consumer/Name", { name: t.string });
const Greeting = message("consumer/Greeting", { greeting: t.string });
const Greeter = service("Greeter", { version: 1 }, { greet: unary(Name, Greeting) });

const server = await AsterServer.start({
  services: [implement(Greeter, { greet: ({ name }) => ({ greeting: `hello, ${name}` }) })],
  access: "open",
  bind: "127.0.0.1:0",
  relay: "disabled",
  identity: "ephemeral",
});
const client = await AsterClient.connect(server.ticket, { relay: "disabled" });
const { greeting } = await client.stub(Greeter).greet({ name: "package" });
await client.close();
await server.close();

const { platform, arch } = process;
const addons = Object.keys(createRequire(import.meta.url).cache).filter((file) =>
  file.includes(`aster-rpc-${platform}-${arch}`),
);
console.log(JSON.stringify({ greeting, addon: addons.length > 0 ? "installed" : "missing" }));
