/** The messages of the reference's loopback services, with the same tags, names and orders. */
import { bidiStream, clientStream, message, serverStream, service, t, unary } from "aster-rpc";

const Color = t.enum("ref.v1/Color", { RED: "red", GREEN: "green", BLUE: "blue" });
const Level = t.enum("ref.v1/Level", { LOW: 10, MID: 20, HIGH: 30 });

export const Empty = message("ref.v1/Empty", {});

const Scalars = message("ref.v1/Scalars", {
  text: t.string.default(""),
  count: t.bigint.default(0n), // the client sends 2^62
  ratio: t.float.default(0),
  flag: t.bool.default(false),
});

const Address = message("ref.v1/Address", {
  street: t.string.default(""),
  city: t.string.default(""),
  zip: t.int.default(0),
});

export const Person = message("ref.v1/Person", {
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

export const Blob = message("ref.v1/Blob", { text: t.string.default("") });
const BlobInfo = message("ref.v1/BlobInfo", { length: t.int, checksum: t.int });
export const MakeBlob = message("ref.v1/MakeBlob", {
  length: t.int.default(0),
  pattern: t.string.default("x"),
});

export const FailRequest = message("ref.v1/FailRequest", {
  code: t.int.default(2),
  message: t.string.default(""),
  kind: t.string.default("rpc"),
  after: t.int.default(0),
});

export const SleepRequest = message("ref.v1/SleepRequest", {
  millis: t.int.default(0),
  label: t.string.default(""),
});
export const Ack = message("ref.v1/Ack", { ok: t.bool.default(true), note: t.string.default("") });

export const CallInfo = message("ref.v1/CallInfo", {
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

export const CountRequest = message("ref.v1/CountRequest", {
  n: t.int.default(0),
  start: t.int.default(0),
  delayMillis: t.int.default(0),
  payload: t.int.default(0),
});

export const Item = message("ref.v1/Item", { index: t.int.default(0), text: t.string.default("") });
export const NumberMessage = message("ref.v1/Number", { value: t.int.default(0) });
export const Sum = message("ref.v1/Sum", { total: t.int.default(0), items: t.int.default(0) });

export const RefEcho = service(
  "RefEcho",
  { version: 1, types: [Address] },
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
);

/** The same service for Node peers that prefer NATIVE mode. */
export const RefEchoNative = service(
  "RefEcho",
  { version: 1, types: [Address], modes: ["native", "xlang"] },
  RefEcho.methods,
);

export const RefVersioned = service("RefVersioned", { version: 2 }, { ping: unary(Scalars, Scalars) });
