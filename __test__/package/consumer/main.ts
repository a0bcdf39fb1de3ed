/** A program of a user in TypeScript, with strict compiler settings. It is compiled, but not run. */
import { AsterClient, type Infer, message, serverStream, service, t, unary } from "aster-rpc";

const Query = message("consumer/Query", { id: t.int, note: t.optional(t.string) });
const Row = message("consumer/Row", { id: t.bigint, tags: t.list(t.string), seen: t.timestamp });
const Table = service("Table", { version: 2 }, { first: unary(Query, Row), all: serverStream(Query, Row) });

export type Row = Infer<typeof Row>;

export async function firstRow(ticket: string): Promise<Row> {
  const client = await AsterClient.connect(ticket);
  try {
    const table = client.stub(Table);
    for await (const row of table.all({ id: 1 })) return row;
    // @ts-expect-error a query must have an id
    await table.first({ note: "no id" });
    return await table.first({ id: 2, note: null }, { timeoutMs: 1000 });
  } finally {
    await client.close();
  }
}
