/**
 * A TypeScript server of `RefEcho` and `RefVersioned`, the services of the reference's own loopback scripts, to be used with
 * their client by hand. It prints one line of JSON with the ticket, and serves until its input ends.
 *
 *   node --import tsx __test__/interop/ref-echo.ts
 */
import { AsterServer } from "aster-rpc";
import { RefEcho } from "./ref-echo/contract.ts";
import { refEchoServices } from "./ref-echo/service.ts";

const server = await AsterServer.start({
  services: refEchoServices,
  access: "open",
  bind: "127.0.0.1:0",
  relay: "disabled",
  identity: "ephemeral",
});
console.log(JSON.stringify({ event: "ready", ticket: server.ticket, contractId: RefEcho.contractId }));
try {
  for await (const _ of process.stdin);
} finally {
  await server.close();
}
