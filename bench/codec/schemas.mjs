// The messages of the bench as schemas of this library; proto/codec.proto has the same messages for the protobuf peers.
import { message, t } from "../../dist/index.js";

const Status = message("bench/Status", { agentId: t.string, status: t.string, uptimeSecs: t.int });

const Line = message("bench/Line", {
  lineId: t.string,
  sku: t.string,
  description: t.string,
  quantity: t.int,
  unitPriceCents: t.int,
  totalCents: t.int,
  taxRate: t.float,
  taxable: t.bool,
  tags: t.list(t.string),
});

const Invoice = message("bench/Invoice", {
  invoiceId: t.string,
  customerId: t.string,
  customerName: t.string,
  currency: t.string,
  status: t.string,
  amountCents: t.int,
  issuedAtMs: t.int,
  paid: t.bool,
  lines: t.list(Line),
  labels: t.record(t.string),
});

const Point = message("bench/Point", { x: t.float, y: t.float, z: t.float });
const Track = message("bench/Track", { points: t.list(Point) });

const Person = message("bench/Person", {
  personId: t.string,
  name: t.string,
  email: t.string,
  role: t.string,
  joined: t.int,
});
const Task = message("bench/Task", { taskId: t.int, owner: t.shared(Person) });
const Board = message("bench/Board", { tasks: t.list(Task) }, { refs: true });

export const schemas = { Status, Invoice, Track, Board };
