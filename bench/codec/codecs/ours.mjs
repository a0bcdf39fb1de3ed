// aster-rpc: the generated JavaScript that calls also use, through the public functions.
import { schemas } from "../schemas.mjs";

export function open(type) {
  const schema = schemas[type];
  return { encode: (value) => schema.encode(value), decode: (bytes) => schema.decode(bytes) };
}
