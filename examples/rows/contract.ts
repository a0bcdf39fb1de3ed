import { message, rows, service, t, unary } from "aster-rpc";

export const Sale = message("sales/Sale", {
  saleId: t.string,
  city: t.string,
  amountCents: t.int,
  note: t.optional(t.string),
});

/** Writes and reads tables of sales. Both sides use it. */
export const salesRows = rows(Sale);

export const Query = message("sales/Query", { year: t.int });
/** A table is sent as bytes. In the contract it is only bytes. */
export const SalesTable = message("sales/SalesTable", { year: t.int, table: t.bytes });
/** A view without a copy: `table` is valid until the handler returns. */
export const Upload = message("sales/Upload", { table: t.bytes.view });
export const Total = message("sales/Total", { sales: t.int, amountCents: t.int });

export const Sales = service(
  "Sales",
  { version: 1 },
  { ofYear: unary(Query, SalesTable), add: unary(Upload, Total) },
);
