// Extensions on the wire: a length, and the bytes that the user's encoder made.
//
// Owns: that payload, and the choice of the extension for a value at a dynamic position. An error of the user's
// encoder fails the write like a value that does not fit; an error of the decoder fails the read like malformed bytes.

import type { MessageWriter } from "../message.js";
import { bytesOfExtension, valueOfExtension } from "../schema/extension-coder.js";
import type { Reader } from "./reader.js";
import { refuse } from "./refusal.js";
import type { ExtensionType, NamedType } from "./shape.js";
import { readBinary, writeBinary } from "./typed-array.js";

/** Writes a value of an extension. */
export function writeExtension(writer: MessageWriter, type: ExtensionType, value: unknown): void {
  const coded = bytesOfExtension(type.definition, value);
  if (!coded.ok) refuse(coded.problem, coded.cause);
  writeBinary(writer, coded.value);
}

/** Reads a value of an extension. */
export function readExtension(reader: Reader, type: ExtensionType): unknown {
  const coded = valueOfExtension(type.definition, readBinary(reader));
  return coded.ok ? coded.value : reader.fail(coded.problem, coded.cause);
}

/** The first extension among the types whose `is` accepts the value. */
export function extensionOf(types: readonly NamedType[], value: unknown): ExtensionType | undefined {
  for (const type of types) {
    if (type.kind === "extension" && type.definition.is?.(value) === true) return type;
  }
  return undefined;
}
