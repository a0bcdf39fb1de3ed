// protobufjs with static code: encodes plain objects, decodes to its message classes.
import { bench } from "../../proto/gen/codec_protobufjs.js";

export function open(type) {
  const Message = bench.codec[type];
  return { encode: (value) => Message.encode(value).finish(), decode: (bytes) => Message.decode(bytes) };
}
