import { message, rows, service, t, unary } from "aster-rpc";

export const Sale = message("sales/Sale", {
  saleId: t.string,
  city: t.string,
  amountCents: t.int,
  note: t.optional(t.string),
});

/** How a table of sales is written and read; both sides take it from here. */
export const salesRows = rows(Sale);

export const Query = message("sales/Query", { year: t.int });
/** A table travels as bytes: to the contract it is that, and nothing more. */
export const SalesTable = message("sales/SalesTable", { year: t.int, table: t.bytes });
/** As it arrives, without a copy: `table` dies when the handler returns. */
export const Upload = message("sales/Upload", { table: t.bytes.view });
export const Total = message("sales/Total", { sales: t.int, amountCents: t.int });

export const Sales = service(
  "Sales",
  { version: 1 },
  { ofYear: unary(Query, SalesTable), add: unary(Upload, Total) },
);
