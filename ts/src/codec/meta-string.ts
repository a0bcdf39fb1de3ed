// Meta strings: the packed names of types inside a message.
//
// Owns: decoding the five encodings, and reading a name in full or as a back reference. Rust packs names: a plan has
// them as bytes that are ready to copy.

import { COST } from "./costs.js";
import type { Reader } from "./reader.js";
import { MAX_NAMES } from "./refusal.js";
import { textOf } from "./text.js";

const LOWER = "abcdefghijklmnopqrstuvwxyz._$|";
const MIXED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const MAX_META_BYTES = 32767;

/** One packed name. Namespaces and type names use different special characters, so the text depends on its use. */
export class MetaString {
  readonly encoding: number;
  readonly bytes: Uint8Array;
  #namespace: string | null | undefined;
  #typeName: string | null | undefined;

  constructor(encoding: number, bytes: Uint8Array) {
    this.encoding = encoding;
    this.bytes = bytes;
  }

  /** The text as a namespace, or null when it is not well-formed. */
  get namespace(): string | null {
    if (this.#namespace === undefined) this.#namespace = unpack(this.bytes, this.encoding, "._");
    return this.#namespace;
  }

  /** The text as a type name, or null when it is not well-formed. */
  get typeName(): string | null {
    if (this.#typeName === undefined) this.#typeName = unpack(this.bytes, this.encoding, "$_");
    return this.#typeName;
  }
}

/** The character codes in packed bytes, most significant bit first. The first bit says to drop the last code. */
function codesOf(bytes: Uint8Array, width: number): number[] {
  const strip = ((bytes[0] ?? 0) & 0x80) !== 0 ? 1 : 0;
  const count = Math.floor((bytes.length * 8 - 1) / width) - strip;
  const codes: number[] = [];
  for (let index = 0; index < count; index++) {
    let code = 0;
    for (let bit = 1 + index * width; bit < 1 + (index + 1) * width; bit++) {
      code = (code << 1) | (((bytes[bit >> 3] as number) >> (7 - (bit & 7))) & 1);
    }
    codes.push(code);
  }
  return codes;
}

function unpack(bytes: Uint8Array, encoding: number, specials: string): string | null {
  if (bytes.length === 0) return "";
  if (encoding === 0) return textOf(bytes, 0, bytes.length, 2);
  const alphabet = encoding === 2 ? MIXED + specials : LOWER;
  const codes = codesOf(bytes, encoding === 2 ? 6 : 5);
  if (codes.some((code) => code >= alphabet.length)) return null;
  const text = codes.map((code) => alphabet[code]).join("");
  if (encoding === 3) return text.slice(0, 1).toUpperCase() + text.slice(1);
  if (encoding === 4)
    return text.endsWith("|") ? null : text.replace(/\|(.)/g, (_, char: string) => char.toUpperCase());
  return text;
}

/** The meta string from the hexadecimal bytes of a plan: `uv(length << 1)`, encoding or hash, text. */
export function metaStringOf(hex: string): MetaString {
  const raw = Buffer.from(hex, "hex");
  let length = 0;
  let at = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = raw[at++] ?? 0;
    length |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  length >>>= 1;
  if (length === 0) return new MetaString(0, new Uint8Array(0));
  // Names of more than 16 bytes have a hash of 8 bytes in place of the encoding. Its first byte is the encoding.
  const encoding = raw[at] ?? 0;
  const start = at + (length > 16 ? 8 : 1);
  return new MetaString(encoding, Uint8Array.from(raw.subarray(start, start + length)));
}

/** Reads a meta string. A name that is spelled in full is added to the name table of the message. */
export function readMetaString(reader: Reader): MetaString {
  const header = reader.uint32();
  const number = header >>> 1;
  if ((header & 1) === 1) {
    const known = number >= 1 && number <= reader.metaCount ? reader.metas[number - 1] : undefined;
    if (known === undefined) reader.fail(`a reference to name ${number} of ${reader.metaCount}`);
    return known;
  }
  if (number > MAX_META_BYTES)
    reader.fail(`a name of ${number} bytes, but at most ${MAX_META_BYTES} are allowed`);
  let encoding = 0;
  if (number > 0) {
    encoding = reader.byte();
    if (encoding > 4) reader.fail(`a name with the unknown encoding ${encoding}`);
    if (number > 16) {
      reader.need(7);
      reader.pos += 7;
    }
  }
  reader.need(number);
  reader.charge(COST.name);
  if (reader.metaCount >= MAX_NAMES) reader.exceed(`more than ${MAX_NAMES} names in one message`);
  const bytes = Uint8Array.from(reader.buf.subarray(reader.pos, reader.pos + number));
  reader.pos += number;
  const meta = new MetaString(encoding, bytes);
  reader.metas[reader.metaCount++] = meta;
  return meta;
}
