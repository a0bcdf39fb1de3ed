// Values of `t.js` where XLANG bytes have them: inside of messages that track references, and in `encode` and `decode`.
//
// Owns: that form, which is the payload of an extension: a length, and the value.

import { MessageWriter } from "../../message.js";
import { JS_DEFINITION } from "../../schema/js-value.js";
import { readExtension, writeExtension } from "../extension.js";
import type { ExtensionType, ReadValue, Shape } from "../shape.js";
import { writeBinary } from "../typed-array.js";
import type { WriteValue } from "../write-scalar.js";
import { jsReader, jsWriter } from "./validator.js";

type ExtensionShape = Extract<Shape, { op: "extension" }>;

/** True for the type of `t.js`. */
export function isJs(type: ExtensionType): boolean {
  return type.definition === JS_DEFINITION;
}

/** Makes the writer of an extension, or of `t.js`: a length, and the value. */
export function extensionWriter(shape: ExtensionShape): WriteValue {
  if (!isJs(shape.type)) return (writer, value) => writeExtension(writer, shape.type, value);
  const write = jsWriter(shape.validator);
  return (writer, value) => {
    const bytes = new MessageWriter(256);
    write(bytes, value);
    writeBinary(writer, bytes.buf.subarray(0, bytes.pos));
  };
}

/** Makes the reader of an extension, or of `t.js`. */
export function extensionReader(shape: ExtensionShape): ReadValue {
  if (!isJs(shape.type)) return (reader) => readExtension(reader, shape.type);
  const read = jsReader(shape.validator);
  return (reader) => {
    const length = reader.uint32();
    reader.need(length);
    const outer = reader.end;
    reader.end = reader.pos + length;
    const value = read(reader);
    if (reader.pos !== reader.end) reader.fail(`${reader.end - reader.pos} bytes follow the value`);
    reader.end = outer;
    return value;
  };
}
