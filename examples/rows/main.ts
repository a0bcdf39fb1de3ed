/**
 * Sends a table of 50,000 rows in a call, and reads one column of it on the other side.
 *
 *   node examples/rows/main.ts                 Node 22.18 and newer
 *   node --import tsx examples/rows/main.ts    Node 20
 */
import { AsterClient, AsterServer, implement } from "aster-rpc";
import { Sales, salesRows } from "./contract.ts";

const cities = ["Ghent", "Zürich", "Oslo"];
function* salesOf(count: number) {
  for (let n = 0; n < count; n += 1) {
    yield { saleId: `sale-${n}`, city: cities[n % 3] ?? "", amountCents: n };
  }
}
const total = (table: ReturnType<typeof salesRows.table>) =>
  table
    .column("amountCents")
    .toTypedArray()
    .reduce((sum, cents) => sum + cents, 0);

const sales = implement(Sales, {
  ofYear: ({ year }) => ({ year, table: salesRows.encodeTable(salesOf(50_000)) }),
  add({ table }) {
    const received = salesRows.table(table); // checked once; nothing refers to the table after the return
    return { sales: received.length, amountCents: total(received) };
  },
});
const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" } as const;
const server = await AsterServer.start({ services: [sales], access: "open", ...local });
const client = await AsterClient.connect(server.ticket, { relay: "disabled" });
try {
  const stub = client.stub(Sales);
  const { table } = await stub.ofYear({ year: 2026 });
  const received = salesRows.table(table);
  console.log(`${received.length} sales in ${table.length} bytes, ${total(received)} cents`);
  const last = received.row(49_999); // one row, read in place
  console.log(`the last: ${last.saleId} in ${last.city}, note ${last.note}`);
  const sum = await stub.add({ table: salesRows.encodeTable(salesOf(1000)) });
  console.log(`${sum.sales} sales added, ${sum.amountCents} cents`);
} finally {
  await client.close();
  await server.close();
}
