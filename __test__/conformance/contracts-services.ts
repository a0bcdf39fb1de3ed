// The services of the recorded contracts in TypeScript. They correspond to the Python definitions in `contract`, `types` and
// `modules` of the vectors.

import { bidiStream, clientStream, message, serverStream, service, t, unary } from "aster-rpc";
import * as ref from "../interop/ref-echo/contract.js";

const {
  Ack,
  CallInfo,
  CountRequest,
  Empty,
  FailRequest,
  Item,
  MakeBlob,
  Blob,
  NumberMessage,
  Person,
  SleepRequest,
  Sum,
} = ref;

/** The services of `wheel-contracts.json`, by their Python classes. */
export const recorded = {
  "refsvc.RefEcho": ref.RefEcho,
  "refsvc.RefVersioned": ref.RefVersioned,
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

/** Types of the module `vec_shapes` without a tag in Python, or with a tag without "/". They include the module. */
const python = (qualname: string) => ({ pythonModule: "vec_shapes", qualname });
const Untagged = message("Untagged", { a: t.int }, python("Untagged"));
const UntaggedReply = message("UntaggedReply", { b: t.string, inner: Untagged }, python("UntaggedReply"));
const Nested = message("Outer.Nested", { z: t.int }, python("Outer.Nested"));
const NoSlash = message("NoSlash", { a: t.int }, python("NoSlash"));
const Deep = message("a/b/c/Deep", { a: t.int });
const Bars = message("demo.v1/Bars", { a: t.any, b: t.any, c: t.optional(t.int) });

/** The services of `typegraph.json` that TypeScript can declare, by their Python classes. */
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
  /** Half of the service `Tags`. Its other half sends a subclass with the tag of its base class. */
  tagged: service("Tags", {}, { a: unary(NoSlash, Deep) }),
};
