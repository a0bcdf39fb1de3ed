/**
 * A client that keeps many small calls under way all the time. It prints `flooding` after the first ones, and `answered`
 * with the number of answers when a thousand have come.
 *
 *   node flood.mjs TICKET
 */
import { AsterClient } from "aster-rpc";
import { Hoard, local } from "../support/hoard.mjs";

const AT_ONCE = 500;
const say = (event, members = {}) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const client = await AsterClient.connect(process.argv[2], local);
const stub = client.stub(Hoard);
let count = 0;
const lane = async () => {
  for (;;) {
    await stub.blob({ bytes: 1 });
    if (++count === 1) say("flooding");
    if (count === 1000) say("answered", { count });
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, lane));
