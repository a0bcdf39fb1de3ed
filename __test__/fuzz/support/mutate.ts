// Damage: changes of bytes that may make decoders fail.

import type { Random } from "./random.ts";

/** Bytes with a meaning for decoders: header bits, flags of references and collections, type ids, ends of varints. */
const TELLING = [
  [0, 1, 2, 3, 4, 8, 9, 10, 12, 13, 14, 15, 0x12, 0x14, 0x22, 0x24, 0x16, 0x17, 0x18, 0x1a, 0x1d, 0x1e, 0x20],
  [0x15, 0x26, 0x27, 0x29, 0x2b, 0x38, 0x7f, 0x80, 0x81, 0xfd, 0xfe, 0xff],
].flat();
const LONG_VARINTS = [
  "ffffffff0f",
  "8080808010",
  "ffffffffffffffffff",
  "808080808080808080",
  "c0843d",
  "ffffffff07",
];

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}

/** Makes one random change to a message. */
function change(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length);
  const chunk = random.between(1, random.once(4) ? 40 : 8);
  const byte = bytes[at] ?? 0;
  const set = (value: number): Uint8Array => splice(bytes, at, 1, Uint8Array.of(value & 255));
  switch (random.below(12)) {
    case 0:
      return set(byte ^ (1 << random.below(8)));
    case 1:
      return set(random.bits());
    case 2:
    case 3:
      return set(random.pick(TELLING));
    case 4: // lengths and varints: one more, one less, twice, half
      return set(random.pick([byte + 1, byte - 1, byte + 2, byte - 2, byte * 2, byte >> 1, byte | 0x80]));
    case 5:
      return splice(bytes, at, random.once(2) ? 1 : 0, Buffer.from(random.pick(LONG_VARINTS), "hex"));
    case 6:
      return bytes.slice(0, at);
    case 7:
      return splice(bytes, at, chunk, new Uint8Array(0));
    case 8:
      return splice(bytes, at, 0, bytes.subarray(at, at + chunk));
    case 9:
      return splice(bytes, at, random.once(2) ? chunk : 0, random.bytes(chunk));
    case 10: {
      const other = random.pick(others) ?? bytes;
      const from = random.below(other.length);
      return splice(bytes, at, chunk, other.subarray(from, from + chunk));
    }
    default:
      return splice(bytes, bytes.length, 0, random.bytes(3));
  }
}

/** A copy with one to four changes. Parts of `others` may be inserted. */
export function mutate(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let changed: Uint8Array = Uint8Array.from(bytes);
  for (let changes = random.once(2) ? 1 : random.between(2, 4); changes > 0; changes--) {
    changed = change(random, changed, others);
  }
  return Uint8Array.from(changed);
}
