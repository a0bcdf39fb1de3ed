/** Tables as bytes in a call: 50,000 rows, in both directions, as a view and as a copy. */
import { AsterClient, AsterServer, Code, implement, message, rows, service, t, unary } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fresh, local } from "../boundary/support/probe.mjs";

const Point = message("tables/Point", { name: t.string, x: t.int, weight: t.optional(t.float) });
const points = rows(Point);
const Owned = message("tables/Owned", { table: t.bytes });
const Lent = message("tables/Lent", { label: t.string, table: t.bytes.view });
const Sum = message("tables/Sum", { rows: t.int, x: t.int, last: t.string });
const Tables = service("Tables", { version: 1 }, { sum: unary(Lent, Sum), make: unary(Sum, Owned) });

const pointsOf = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    name: `point ${n} é`,
    x: n,
    weight: n % 5 === 0 ? null : n / 2,
  }));

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  const tables = implement(Tables, {
    sum({ table: bytes }) {
      const table = points.table(bytes);
      let x = 0;
      for (const one of table.column("x")) x += one;
      return { rows: table.length, x, last: table.at(-1)?.name ?? "" };
    },
    make: ({ rows: count }) => ({ table: points.encodeTable(pointsOf(count)) }),
  });
  server = await AsterServer.start({ ...fresh, services: [tables], access: "open" });
  client = await AsterClient.connect(server.ticket, local);
});
afterAll(async () => {
  await client.close();
  await server.close();
});

describe("a table in a call", () => {
  const count = 50_000;

  it("a handler adds up a column in the bytes of its view, at any alignment", async () => {
    const table = points.encodeTable(pointsOf(count));
    const x = (count * (count - 1)) / 2;
    for (const label of ["", "a", "ab", "abc"]) {
      const answer = await client.stub(Tables).sum({ label, table });
      expect(answer).toEqual({ rows: count, x, last: `point ${count - 1} é` });
    }
  });

  it("is returned as a copy of the bytes", async () => {
    const { table: bytes } = await client.stub(Tables).make({ rows: count, x: 0, last: "" });
    const table = points.table(bytes);
    expect(table.length).toBe(count);
    expect(table.row(count - 2).toObject()).toEqual(pointsOf(count)[count - 2]);
    expect(table.column("weight").at(0)).toBeNull();
  });

  it("with invalid bytes ends with an error of the check, and the process continues", async () => {
    const table = points.encodeTable(pointsOf(10));
    const outside = table.slice();
    outside.fill(0xff, 16, 24); // the position of the first row
    for (const bytes of [outside, table.subarray(0, 3), new Uint8Array()]) {
      const call = client.stub(Tables).sum({ label: "", table: bytes });
      await expect(call).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: false });
    }
    expect((await client.stub(Tables).sum({ label: "", table })).rows).toBe(10);
  });
});
