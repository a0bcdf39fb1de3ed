/**
 * A server of Probe that is a member of a registry, and whose ledger is a file. It prints `ready` with its ticket.
 *
 *   node member.mjs LEDGER [TICKET,TICKET,...]
 */
import { AsterServer } from "aster-rpc";
import { ledger } from "aster-rpc/testing";
import { fresh, probe } from "../../boundary/support/probe.mjs";
import { sessionProbe } from "../support/session-probe.mjs";

const [file, tickets = ""] = process.argv.slice(2);
const join = tickets.split(",").filter((ticket) => ticket !== "");
const books = ledger({ file });
const server = await AsterServer.start({
  ...fresh,
  services: [probe(), sessionProbe()],
  access: "open",
  registry: { join },
  interceptors: [books.server],
});
const { ticket, endpointId } = server;
process.stdout.write(`${JSON.stringify({ event: "ready", ticket, endpointId })}\n`);
process.stdin.resume();
