/**
 * The service that the boundary and integration tests call, with handlers that count their calls. It is plain JavaScript,
 * so worker threads and child processes of every supported Node version can load it.
 */
import { bidiStream, clientStream, implement, message, serverStream, service, t, unary } from "aster-rpc";

const Item = message("probe/Item", { id: t.int, data: t.bytes.default(new Uint8Array()) });
/** Like Item, but without types that JSON mode refuses. */
const Note = message("probe/Note", { id: t.int, text: t.string.default("") });
const Loose = message("probe/Loose", {
  any: t.any,
  map: t.map(t.string, t.any),
  record: t.record(t.string),
});

export const Probe = service(
  "Probe",
  { version: 1 },
  {
    echo: unary(Item, Item),
    /** Settles when its signal aborts. */
    hang: unary(Item, Item),
    /** `id` items as large as `data`. A negative `id` never ends. */
    count: serverStream(Item, Item),
    sum: clientStream(Item, Item),
    talk: bidiStream(Item, Item),
    loose: unary(Loose, Loose),
  },
);

/** The four patterns with notes, in XLANG and in JSON. */
export const Plain = service(
  "Plain",
  { version: 1 },
  {
    echo: unary(Note, Note),
    count: serverStream(Note, Note),
    sum: clientStream(Note, Note),
    talk: bidiStream(Note, Note),
  },
);

/** Options of an endpoint that uses only loopback and no file. */
export const local = Object.freeze({ bind: "127.0.0.1:0", relay: "disabled" });
export const fresh = Object.freeze({ ...local, identity: "ephemeral" });

/** Counters for the handlers of {@link probe}. */
export function tally() {
  return { started: 0, finished: 0, aborted: 0, returned: 0, pulled: 0, received: 0 };
}

/** Settles when a signal aborts. */
export function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/**
 * The handlers. `told` is called with `started`, `finished`, `aborted` or `returned`, and with the name of the method.
 * @param {ReturnType<typeof tally>} seen
 * @param {(what: string, method: string) => void} told
 */
export function probe(seen = tally(), told = () => {}) {
  return implement(Probe, handlers(seen, told));
}

/** The handlers of Plain. */
export function plain() {
  const { echo, count, sum, talk } = handlers(tally(), () => {});
  return implement(Plain, { echo, count, sum, talk });
}

function handlers(seen, told) {
  const note = (what, method) => {
    seen[what] += 1;
    told(what, method);
  };
  return {
    async echo(item) {
      note("started", "echo");
      await null;
      note("finished", "echo");
      return item;
    },
    async hang(item, { signal }) {
      note("started", "hang");
      await aborted(signal);
      note("aborted", "hang");
      return item;
    },
    async *count({ id, ...rest }) {
      note("started", "count");
      let complete = false;
      try {
        for (let at = 0; at !== id; at++) {
          seen.pulled += 1;
          yield { ...rest, id: at };
        }
        complete = true;
        note("finished", "count");
      } finally {
        if (!complete) note("returned", "count");
      }
    },
    async sum(items) {
      note("started", "sum");
      let id = 0;
      for await (const item of items) {
        id += item.id;
        seen.received += 1;
      }
      note("finished", "sum");
      return { id };
    },
    async *talk(items) {
      note("started", "talk");
      let complete = false;
      try {
        for await (const item of items) yield item;
        complete = true;
        note("finished", "talk");
      } finally {
        if (!complete) note("returned", "talk");
      }
    },
    loose: (value) => value,
  };
}
