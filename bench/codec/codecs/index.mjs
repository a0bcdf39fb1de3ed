// The codecs of the codec bench. Each adapter of this folder exports
//
//   open(type)  -> { encode(value) -> Uint8Array, decode(bytes) -> value, input?(value) -> what encode takes }
//
// where `type` is the name of a message type. `input` runs before the measured section, because users of such a library
// also create its message objects themselves. The caller may keep the result of `encode`. The result of `decode` must not
// refer to the memory of the input, unless the library always does so.

/** The facts that the runner and the tables need without loading an adapter. */
export const codecs = {
  ours: { title: "aster-rpc, generated JavaScript", module: "./ours.mjs", packages: ["aster-rpc"] },
  interpreter: { title: "aster-rpc, interpreter", module: "./interpreter.mjs", packages: ["aster-rpc"] },
  "napi-walk": {
    title: "walk through N-API in Rust",
    module: "./napi-walk.mjs",
    packages: ["aster-rpc"],
    note: "the same bytes as ours, written by Rust from the JavaScript object, keys cached; see ADR 0001",
    without: ["graph"], // it has no references
  },
  native: {
    title: "aster-rpc, NATIVE mode",
    module: "./native.mjs",
    packages: ["aster-rpc"],
    note: "positional, between two Node peers with the same schemas",
  },
  json: { title: "JSON", module: "./json.mjs", packages: [], note: "to and from UTF-8 bytes" },
  msgpackr: {
    title: "msgpackr, records",
    module: "./msgpackr.mjs",
    packages: ["msgpackr"],
    note: "both ends share the record structures in memory, so they are not part of the bytes",
  },
  protobufjs: { title: "protobufjs, static code", module: "./protobufjs.mjs", packages: ["protobufjs"] },
  "protobuf-es": {
    title: "protobuf-es",
    module: "./protobuf-es.mjs",
    packages: ["@bufbuild/protobuf"],
    note: "messages are created before the measurement",
  },
};

/** Loads an adapter. */
export const loadCodec = (name) => import(codecs[name].module);
