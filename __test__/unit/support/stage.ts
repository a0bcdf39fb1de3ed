/**
 * The setup for the examples of the pages and of TSDoc: a server of billing and of the lobby on loopback, the handlers of
 * billing, a client, a session of the lobby, a link to the server and a ledger.
 */
import {
  AsterClient,
  AsterError,
  AsterServer,
  Code,
  type Handlers,
  implement,
  type Service,
  type SessionStub,
  type Stub,
} from "aster-rpc";
import { type Ledger, type Link, ledger, link } from "aster-rpc/testing";
import { Billing } from "../../../examples/billing/contract.ts";
import { findInvoice, happening } from "../../../examples/billing/ledger.ts";
import { Lobby } from "../../../examples/session/contract.ts";
import { lobby as lobbies } from "../../../examples/session/lobby.ts";

type MethodsOf<S> = S extends Service<infer M> ? M : never;

export const handlers: Handlers<MethodsOf<typeof Billing>> = {
  getInvoice({ customerId }) {
    const invoice = findInvoice(customerId);
    if (!invoice) throw new AsterError(Code.NOT_FOUND, "no such customer", { details: { customerId } });
    return invoice;
  },
  *watchEvents() {
    for (let sequence = 0; sequence < 1000; sequence += 1) {
      yield { sequence, invoiceId: "i", what: happening(sequence) };
    }
  },
  async upload(items) {
    const unitsByMeter = new Map<string, number>();
    let readings = 0;
    for await (const { meter, units } of items) {
      readings += 1;
      unitsByMeter.set(meter, (unitsByMeter.get(meter) ?? 0) + units);
    }
    return { readings, unitsByMeter };
  },
  async *chat(messages) {
    yield* messages;
  },
};

export const server: AsterServer = await AsterServer.start({
  services: [implement(Billing, handlers), lobbies],
  access: "open",
  bind: "127.0.0.1:0",
  relay: "disabled",
  identity: "ephemeral",
});

export const ticket: string = server.ticket;
export const client: AsterClient = await AsterClient.connect(ticket, { relay: "disabled" });
export const billing: Stub<typeof Billing> = client.stub(Billing);
export const lobby: SessionStub<typeof Lobby> = await client.session(Lobby);
export const lossy: Link = await link({ to: server });
export const books: Ledger = ledger();

export async function leave(): Promise<void> {
  await lossy.close();
  await client.close();
  await server.close();
}
