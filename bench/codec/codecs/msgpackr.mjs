// msgpackr with records, its fastest mode: a structure is sent once and then referred to.
import { Packr } from "msgpackr";

export function open() {
  const packr = new Packr({ structures: [] });
  // The bytes that `pack` returns are part of its buffer, and it does not write them again, so no copy is needed.
  return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) };
}
