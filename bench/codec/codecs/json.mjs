// JSON as UTF-8 bytes, because a transport sends bytes.
export const open = () => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString()),
});
