// msgpackr with records: structures are learnt once and then referred to, the library's fastest mode.
import { Packr } from "msgpackr";

export function open() {
  const packr = new Packr({ structures: [] });
  // Bytes that pack returns are a part of its buffer that it does not write again: no copy is needed.
  return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) };
}
