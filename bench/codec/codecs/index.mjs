// The codecs of the codec bench. Each adapter of this folder exports
//
//   open(type)  -> { encode(value) -> Uint8Array, decode(bytes) -> value, input?(value) -> what encode takes }
//
// where `type` is the name of a message type. `input` runs before the measured section: the objects that a library
// wants its users to build are theirs to build. What `encode` returns is the caller's to keep, and `decode` may not
// refer to the input's memory (except where the library cannot do otherwise).

/** What the runner and the tables need to know without loading an adapter. */
export const codecs = {
  ours: { title: "aster-rpc, generated JavaScript", module: "./ours.mjs", packages: ["aster-rpc"] },
  interpreter: { title: "aster-rpc, interpreter", module: "./interpreter.mjs", packages: ["aster-rpc"] },
  "napi-walk": {
    title: "walk through N-API in Rust",
    module: "./napi-walk.mjs",
    packages: ["aster-rpc"],
    note: "the same bytes as ours, written by Rust from the JavaScript object, keys cached; see ADR 0001",
    without: ["graph"], // it knows no references
  },
  positional: {
    title: "private positional format",
    module: "./positional.mjs",
    packages: ["aster-rpc"],
    note: "a format for two peers of the same contract that was left out; see ADR 0010",
    without: ["graph"], // nor does it
  },
  json: { title: "JSON", module: "./json.mjs", packages: [], note: "to and from UTF-8 bytes" },
  msgpackr: {
    title: "msgpackr, records",
    module: "./msgpackr.mjs",
    packages: ["msgpackr"],
    note: "record structures are shared in memory by both ends, and so are not part of the bytes",
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
