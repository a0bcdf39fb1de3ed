// The services of the recorded contracts, written in TypeScript: the twin of the Python definitions that the
// vectors describe in `contract`, `types` and `modules`.

import { bidiStream, clientStream, message, serverStream, service, t, unary } from "aster-rpc";

const Empty = message("ref.v1/Empty", {});
const Color = t.enum("ref.v1/Color", { RED: "red", GREEN: "green", BLUE: "blue" });
const Level = t.enum("ref.v1/Level", { LOW: 10, MID: 20, HIGH: 30 });
const Scalars = message("ref.v1/Scalars", { text: t.string, count: t.int, ratio: t.float, flag: t.bool });
const Address = message("ref.v1/Address", { street: t.string, city: t.string, zip: t.int });
const Person = message("ref.v1/Person", {
  name: t.string,
  age: t.int,
  nickname: t.optional(t.string),
  home: Address,
  work: t.optional(Address),
  past: t.list(Address),
  tags: t.list(t.string),
  scores: t.map(t.string, t.int),
  places: t.map(t.string, Address),
  notes: t.optional(t.list(t.string)),
});
const Painted = message("ref.v1/Painted", {
  color: Color,
  level: Level,
  maybe: t.optional(Color),
  palette: t.list(Color),
  byName: t.map(t.string, Color),
});
const Binary = message("ref.v1/Binary", { label: t.string, data: t.bytes, chunks: t.list(t.bytes) });
const Containers = message("ref.v1/Containers", {
  ints: t.list(t.int),
  floats: t.list(t.float),
  bools: t.list(t.bool),
  maybeInts: t.list(t.optional(t.int)),
  matrix: t.list(t.list(t.int)),
  groups: t.map(t.string, t.list(t.int)),
  byNumber: t.map(t.int, t.string),
  rates: t.map(t.string, t.float),
  maybeInt: t.optional(t.int),
  maybeFloat: t.optional(t.float),
  maybeFlag: t.optional(t.bool),
});
const Exotic = message("ref.v1/Exotic", {
  names: t.set(t.string),
  day: t.optional(t.date),
  at: t.optional(t.timestamp),
  anything: t.any,
  bag: t.anyMap,
  seq: t.anyList,
  maybeData: t.optional(t.bytes),
});
const Blob = message("ref.v1/Blob", { text: t.string });
const BlobInfo = message("ref.v1/BlobInfo", { length: t.int, checksum: t.int });
const MakeBlob = message("ref.v1/MakeBlob", { length: t.int, pattern: t.string });
const FailRequest = message("ref.v1/FailRequest", {
  code: t.int,
  message: t.string,
  kind: t.string,
  after: t.int,
});
const SleepRequest = message("ref.v1/SleepRequest", { millis: t.int, label: t.string });
const Ack = message("ref.v1/Ack", { ok: t.bool, note: t.string });
const CallInfo = message("ref.v1/CallInfo", {
  service: t.string,
  method: t.string,
  peer: t.string,
  callId: t.string,
  sessionId: t.string,
  hasDeadline: t.bool,
  remainingMillis: t.int,
  metadata: t.map(t.string, t.string),
  attributes: t.map(t.string, t.string),
});
const CountRequest = message("ref.v1/CountRequest", {
  n: t.int,
  start: t.int,
  delayMillis: t.int,
  payload: t.int,
});
const Item = message("ref.v1/Item", { index: t.int, text: t.string });
const NumberMessage = message("ref.v1/Number", { value: t.int });
const Sum = message("ref.v1/Sum", { total: t.int, items: t.int });

/** The services of `wheel-contracts.json`, by their Python classes. */
export const recorded = {
  "refsvc.RefEcho": service(
    "RefEcho",
    {},
    {
      scalars: unary(Scalars, Scalars),
      person: unary(Person, Person),
      painted: unary(Painted, Painted),
      binary: unary(Binary, Binary),
      containers: unary(Containers, Containers),
      exotic: unary(Exotic, Exotic),
      empty: unary(Empty, Empty),
      measure: unary(Blob, BlobInfo),
      make: unary(MakeBlob, Blob),
      fail: unary(FailRequest, Ack),
      nothing: unary(Empty, t.optional(Ack)),
      sleep: unary(SleepRequest, Ack, { timeoutMs: 7500, idempotent: true }),
      whoami: unary(Empty, CallInfo),
      count: serverStream(CountRequest, Item),
      failLate: serverStream(FailRequest, Item),
      sum: clientStream(NumberMessage, Sum),
      failSum: clientStream(FailRequest, Sum),
      chat: bidiStream(Item, Item),
    },
  ),
  "refsvc.RefVersioned": service("RefVersioned", { version: 2 }, { ping: unary(Scalars, Scalars) }),
  "refsvc.RefGuard": service(
    "RefGuard",
    { requires: "ref.user" },
    {
      user: unary(Empty, CallInfo),
      admin: unary(Empty, CallInfo, { requires: "ref.admin" }),
      either: unary(Empty, CallInfo),
      both: unary(Empty, CallInfo),
      adminCount: serverStream(CountRequest, Item),
    },
  ),
  "refsvc.RefSession": service(
    "RefSession",
    { scope: "session" },
    {
      add: unary(NumberMessage, Sum),
      get: unary(Empty, Sum),
      whoami: unary(Empty, CallInfo),
      person: unary(Person, Person),
      make: unary(MakeBlob, Blob),
      fail: unary(FailRequest, Ack),
      sleep: unary(SleepRequest, Ack),
      admin: unary(Empty, Ack),
      count: serverStream(CountRequest, Item),
      sum: clientStream(NumberMessage, Sum),
      chat: bidiStream(Item, Item),
    },
  ),
};

const Ping = message("demo.v1/Ping", { text: t.string });
const Pong = message("demo.v1/Pong", { text: t.string, count: t.int });
const ping = unary(Ping, Pong);

/** Types of the module `vec_shapes` that have no tag in Python, or one without "/": the module is part of them. */
const python = (qualname: string) => ({ pythonModule: "vec_shapes", qualname });
const Untagged = message("Untagged", { a: t.int }, python("Untagged"));
const UntaggedReply = message("UntaggedReply", { b: t.string, inner: Untagged }, python("UntaggedReply"));
const Nested = message("Outer.Nested", { z: t.int }, python("Outer.Nested"));
const NoSlash = message("NoSlash", { a: t.int }, python("NoSlash"));
const Deep = message("a/b/c/Deep", { a: t.int });
const Bars = message("demo.v1/Bars", { a: t.any, b: t.any, c: t.optional(t.int) });

/** The services of `typegraph.json` that TypeScript can say, by their Python classes. */
export const derived = {
  "vec_shapes.Minimal": service("Minimal", {}, { ping }),
  "vec_shapes.MinimalGuarded": service(
    "Minimal",
    { requires: "a" },
    {
      ping: unary(Ping, Pong, { requires: "x" }),
    },
  ),
  "vec_shapes.MinimalSession": service("Minimal", { scope: "session" }, { ping }),
  "vec_shapes.MinimalModes": service("Minimal", { modes: ["json", "xlang", "native", "row"] }, { ping }),
  "vec_shapes.Empty": service("Empty", {}, {}),
  "vec_shapes.AutoTagged": service(
    "AutoTagged",
    {},
    {
      go: unary(Untagged, UntaggedReply),
      nest: unary(Nested, Untagged),
    },
  ),
  "vec_shapes.PrimitiveIO": service(
    "PrimitiveIO",
    {},
    {
      s: unary(t.string, t.int),
      f: unary(t.float, t.bool),
      y: unary(t.bytes, t.bytes),
      d: unary(t.anyMap, t.anyList),
    },
  ),
  "vec_shapes.Inherits": service(
    "Inherits",
    {},
    {
      Zed: unary(Ping, Pong, { name: "Zed" }),
      alpha: ping,
      inherited: ping,
    },
  ),
  "vec_pep604.BarsService": service("Bars", {}, { go: unary(Bars, Bars) }),
  /** Half of the service `Tags`: its other half sends a subclass under the tag of its base. */
  tagged: service("Tags", {}, { a: unary(NoSlash, Deep) }),
};
