// Breaks the network between a server and its client on purpose, and shows that nothing is lost.
//
//   node examples/faults/main.ts [SEED]
import { AsterError, implement, message, serverStream, service, t, unary } from "aster-rpc";
import { ledger, localPair } from "aster-rpc/testing";

class Order extends message("faults/Order", { orderId: t.int }) {}
class Receipt extends message("faults/Receipt", { orderId: t.int, total: t.int }) {}
class Period extends message("faults/Period", { receipts: t.int }) {}

const Shop = service(
  "Shop",
  { version: 1 },
  { buy: unary(Order, Receipt), receipts: serverStream(Period, Receipt) },
);

let total = 0;
const shop = implement(Shop, {
  buy: ({ orderId }) => {
    total += 1;
    return { orderId, total };
  },
  *receipts({ receipts }) {
    for (let orderId = 0; orderId < receipts; orderId += 1) yield { orderId, total: orderId };
  },
});

const books = ledger();
const faults = { loss: 0.1, duplicate: 0.05, reorder: 0.05, corrupt: 0.02, delayMs: 5, jitterMs: 10 };
const seed = Number(process.argv[2] ?? 2026);
const pair = await localPair([shop], { link: { seed, ...faults }, ledger: books });
const { link } = pair;
const stub = pair.stub(Shop);

let ok = 0;
let failed = 0;
const buy = async (orderId: number) => {
  try {
    await stub.buy({ orderId }, { timeoutMs: 3000 });
    ok += 1;
  } catch (error) {
    console.log(`order ${orderId}: ${AsterError.from(error).codeName}`);
    failed += 1;
  }
};
const orders = Promise.all(Array.from({ length: 200 }, (_, orderId) => buy(orderId)));

let receipts = 0;
for await (const _ of stub.receipts({ receipts: 2000 })) {
  receipts += 1;
  // In the middle of the stream the client gets another port, as behind a NAT that lost its state.
  if (receipts === 1000) link?.rebind();
}
await orders;

await books.settled();
const { toServer, toClient } = link?.stats() ?? { toServer: { lost: 0 }, toClient: { lost: 0 } };
console.log(`seed ${seed}: ${toServer.lost + toClient.lost} packets lost`);
console.log(`${ok} orders, ${failed} failed, ${receipts} receipts`);
console.log(`broken rules: ${JSON.stringify(books.check())}`);
await pair.close();
