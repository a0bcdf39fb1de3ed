/** The Lab services in TypeScript: the same handlers as in `python/lab.py`, with the same visible behaviour. */
import { setTimeout as delay } from "node:timers/promises";
import { AsterError, type Code, type Implementation, type Infer, implement } from "aster-rpc";
import { Lab, LabNext, LabPostponed, type Order, pattern, type Total } from "./contract.ts";

function refuse({ code, words }: Infer<typeof Order>): never {
  if (code === 0) throw new Error(words); // not an AsterError: the caller must not see its text
  throw new AsterError(code as Code, words);
}

/** One set of the three services, with its own state. */
export function labServices(): Implementation[] {
  let committed: Infer<typeof Total> = { items: 0, characters: 0, inOrder: true };

  const lab = implement(Lab, {
    kinds: (request) => request,
    moments: (request) => request,
    shape: (request) => request,
    numbered: (request) => request,
    paint: (request) => request,
    bag: (request) => request,
    text: (request) => request,
    empty: (request) => request,
    make: ({ size }) => ({ text: pattern(size) }),
    refuse: (order) => refuse(order),
    nothing: () => null,
    commits: () => committed,

    async wait({ waitMillis, words }, { signal }) {
      await delay(waitMillis, undefined, { signal });
      return { text: words };
    },

    seen(_, { metadata, deadline, peer }) {
      const remainingMillis = deadline === null ? 0 : deadline.getTime() - Date.now();
      return {
        metadata,
        hasDeadline: deadline !== null,
        remainingMillis: Math.round(remainingMillis),
        peer: peer.endpointId,
      };
    },

    async *count(order, { signal }) {
      const body = pattern(order.size);
      for (let index = 0; index < order.count; index += 1) {
        if (order.waitMillis > 0) await delay(order.waitMillis, undefined, { signal });
        yield { index, body };
      }
      if (order.code !== 0) refuse(order);
    },

    async upload(chunks) {
      const total = { items: 0, characters: 0, inOrder: true };
      for await (const { index, body } of chunks) {
        if (body === "refuse") throw new AsterError(9, "asked to refuse");
        total.inOrder &&= index === total.items;
        total.items += 1;
        total.characters += body.length;
      }
      committed = { items: committed.items + 1, characters: total.items, inOrder: true };
      return total;
    },

    async *shout(chunks) {
      for await (const { index, body } of chunks) {
        if (body === "enough") return;
        if (body === "refuse") throw new AsterError(10, "asked to refuse");
        yield { index: index + 1000, body: body.toUpperCase() };
      }
    },
  });

  const next = implement(LabNext, { text: (request) => request });
  const postponed = implement(LabPostponed, {
    ask: ({ text }) => ({ text: [...text].reverse().join(""), length: text.length }),
    *letters({ text }) {
      for (const letter of text) yield { text: letter, length: 1 };
    },
  });
  return [lab, next, postponed];
}
