// protobuf-es: messages are created with create(), descriptors are interpreted at run time.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BoardSchema, InvoiceSchema, StatusSchema, TrackSchema } from "../../proto/gen/codec_pb.js";

const schemas = { Status: StatusSchema, Invoice: InvoiceSchema, Track: TrackSchema, Board: BoardSchema };

export function open(type) {
  const schema = schemas[type];
  return {
    input: (value) => create(schema, value),
    encode: (message) => toBinary(schema, message),
    decode: (bytes) => fromBinary(schema, bytes),
  };
}
