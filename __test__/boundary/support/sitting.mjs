/** A service of sessions that worker threads serve. */
import { message, service, t, unary } from "aster-rpc";

const Item = message("sitting/Item", { id: t.int });
export const Sitting = service(
  "Sitting",
  { version: 1, scope: "session" },
  { echo: unary(Item, Item), hang: unary(Item, Item) },
);
