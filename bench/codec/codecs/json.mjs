// JSON as bytes, which is what a transport carries.
export const open = () => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString()),
});
