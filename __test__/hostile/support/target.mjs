/** The services that raw peers attack: each pattern, with and without sessions, and messages of each kind. */
import { bidiStream, clientStream, implement, message, serverStream, service, t, unary } from "aster-rpc";

export const Any = message("target/Any", { value: t.any });
const Count = message("target/Count", { count: t.int.default(0) });
export const Blobs = message("target/Blobs", { list: t.list(t.bytes) });
const Floats = message("target/Floats", { map: t.map(t.float, t.int) });

const wide = (compatible) => {
  const fields = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`f${at}`, t.int.default(0)]));
  const Wide = message(`target/Wide${compatible}`, fields, { compatible });
  return message(
    `target/Wides${compatible}`,
    { list: t.list(Wide), any: t.any.default(null) },
    { compatible },
  );
};
/** Messages with 16 fields that a peer may leave out. */
export const Wides = wide(true);
const PlainWides = wide(false);

const methods = {
  /** Waits until its signal aborts. */
  hold: unary(Any, Count),
  blobs: unary(Blobs, Count),
  floats: unary(Floats, Count),
  /** The number that was asked for. */
  any: unary(Count, Any),
  /** Counts the items. */
  upload: clientStream(Any, Count),
  chat: bidiStream(Any, Count),
  /** An item for each that was asked for. */
  give: serverStream(Count, Any),
};

export const Target = service("Target", { version: 1 }, methods);
export const SessionTarget = service("SessionTarget", { version: 1, scope: "session" }, methods);
const CompatibleTarget = service("CompatibleTarget", { version: 1 }, { hold: unary(Wides, Wides) });
const JsonTarget = service("JsonTarget", { version: 1, modes: ["json"] }, { hold: unary(PlainWides, Count) });

const aborted = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

async function hold(_, { signal }) {
  await aborted(signal);
  return { count: 0 };
}

async function count(items) {
  let total = 0;
  for await (const _ of items) total += 1;
  return { count: total };
}

const handlers = () => ({
  hold,
  blobs: ({ list }) => ({ count: list.length }),
  floats: ({ map }) => ({ count: map.size }),
  any: ({ count }) => ({ value: count }),
  upload: count,
  async *chat(items) {
    yield await count(items);
  },
  async *give({ count: items }) {
    for (let at = 0; at < items; at++) yield { value: at };
  },
});

export const services = () => [
  implement(Target, handlers()),
  implement(SessionTarget, handlers),
  implement(CompatibleTarget, {
    hold: async (_, { signal }) => {
      await aborted(signal);
      return { list: [], any: null };
    },
  }),
  implement(JsonTarget, { hold }),
];
