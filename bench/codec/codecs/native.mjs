// aster-rpc in NATIVE mode: the codecs that two Node peers with the same schemas use.
import { codecOf } from "../../../dist/codec/codec.js";
import { MessageWriter } from "../../../dist/message.js";
import { schemas } from "../schemas.mjs";

export function open(type) {
  const { native } = codecOf(schemas[type]);
  const writer = new MessageWriter(1 << 16);
  const encode = (value) => {
    writer.pos = 0;
    native.write(writer, value);
    return writer.buf.slice(0, writer.pos);
  };
  return { encode, decode: (bytes) => native.read(bytes, 0, bytes.length, false) };
}
