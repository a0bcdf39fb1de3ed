// The alternative in bench/napi-walk: Rust reads the properties of the object itself. The layout comes from our own plan
// (docs/plan.md), so both write the same bytes; measure.mjs compares them before it measures.
import { native } from "../../../dist/native/index.js";
import { describe } from "../../../dist/schema/descriptor.js";
import { schemas } from "../schemas.mjs";
import { open as openOurs } from "./ours.mjs";

/** Loads the library that cargo built. `require` cannot load it, because it needs another file name. */
function loadAddon() {
  const addon = { exports: {} };
  if (!process.env.BENCH_NAPI_WALK) throw new Error("bench/napi-walk was not built");
  process.dlopen(addon, process.env.BENCH_NAPI_WALK);
  return addon.exports;
}

const walk = loadAddon();

const scalars = { bool: "bool", int: "int", float: "float", string: "string" };

function kindOf(word) {
  if (typeof word === "string" && word in scalars) return scalars[word];
  if (word.list === "string") return "strings";
  if (word.list?.message !== undefined) return { messages: word.list.message };
  if (word.map?.[0] === "string" && word.map[1] === "string") return "labels";
  throw new Error(`napi-walk does not support ${JSON.stringify(word)}`);
}

const bytesOf = (hex) => [...Buffer.from(hex, "hex")];

function define(schema) {
  const { types, descriptor } = describe([schema]);
  const plan = JSON.parse(native().compilePlan(JSON.stringify(descriptor)).document);
  const keys = [];
  const shapes = plan.types.map(({ hash, order }, index) => ({
    hash: bytesOf(hash),
    fields: order.map((field) => ({
      key: keys.push(types[index].fields[field].key) - 1,
      kind: kindOf(descriptor.types[index].fields[field].type),
    })),
  }));
  const top = descriptor.roots[0].message;
  return walk.define(
    JSON.stringify({ prefix: bytesOf(plan.types[top].prefix), root: top, types: shapes }),
    keys,
  );
}

export function open(type) {
  const id = define(schemas[type]);
  const target = new Uint8Array(1 << 22);
  return {
    sameBytesAs: openOurs(type).encode,
    encode: (value) => target.slice(0, walk.encode(id, value, target)),
    decode: (bytes) => walk.decode(id, bytes),
  };
}
