/** The methods of Probe as a service of sessions. Plain JavaScript, because server processes load it, too. */
import { bidiStream, clientStream, implement, message, serverStream, service, t, unary } from "aster-rpc";

const Item = message("faults/Item", { id: t.int, data: t.bytes.default(new Uint8Array()) });

export const SessionProbe = service(
  "SessionProbe",
  { version: 1, scope: "session" },
  {
    echo: unary(Item, Item),
    count: serverStream(Item, Item),
    sum: clientStream(Item, Item),
    talk: bidiStream(Item, Item),
  },
);

export const sessionProbe = () =>
  implement(SessionProbe, () => ({
    echo: (item) => item,
    async *count({ id, data }) {
      for (let at = 0; at < id; at++) yield { id: at, data };
    },
    async sum(items) {
      let id = 0;
      for await (const item of items) id += item.id;
      return { id };
    },
    async *talk(items) {
      yield* items;
    },
  }));
