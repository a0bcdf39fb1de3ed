// protobufjs with static code: plain objects in, its message classes out.
import { bench } from "../../proto/gen/codec_protobufjs.js";

export function open(type) {
  const Message = bench.codec[type];
  return { encode: (value) => Message.encode(value).finish(), decode: (bytes) => Message.decode(bytes) };
}
