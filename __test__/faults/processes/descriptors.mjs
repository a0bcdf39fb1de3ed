/**
 * A process that runs out of file descriptors: calls on open connections go on, new endpoints fail with an error, and all works again
 * afterwards. Prints one line of JSON. Run it with a low limit: `ulimit -n 128`.
 */
import { closeSync, openSync } from "node:fs";
import { AsterClient, AsterError, AsterServer, generateSecretKey } from "aster-rpc";
import { fresh, local, Probe, probe } from "../../boundary/support/probe.mjs";

const server = await AsterServer.start({ ...fresh, services: [probe()], access: "open" });
const client = await AsterClient.connect(server.ticket, local);
const stub = client.stub(Probe);
await stub.echo({ id: 1 });

const taken = [];
let exhausted = null;
while (exhausted === null) {
  try {
    taken.push(openSync("/dev/null"));
  } catch (error) {
    exhausted = error.code;
  }
}
const echoes = await Promise.all(Array.from({ length: 50 }, (_, id) => stub.echo({ id })));
const connect = () => AsterClient.connect(server.ticket, { ...local, secretKey: generateSecretKey() });
const refused = await connect().then(
  () => "connected",
  (error) => (error instanceof AsterError ? error.codeName : `${error}`),
);
for (const descriptor of taken.splice(0)) closeSync(descriptor);
const again = await connect();
const { id } = await again.stub(Probe).echo({ id: 7 });
await again.close();
await client.close();
await server.close();
process.stdout.write(`${JSON.stringify({ event: "over", exhausted, echoes: echoes.length, refused, id })}\n`);
