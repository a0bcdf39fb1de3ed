/** Rust, with Apache Fory's own crate. Each limit is one of that library, explained in `docs/interop.md#limits`. */
import { matrix } from "./languages/matrix.ts";

const otherHash = { reads: "is not consistent with", writes: "the peer has other fields" };

matrix("rust", {
  Empty: otherHash,
  FixedInt64: otherHash,
  TaggedInt64: otherHash,
  AnyNull: otherHash,
  LongText: { writes: "1 bytes follow the message" },
  Tree: { reads: "local LIST vs remote", writes: "22 elements, but only" },
  AnyItems: {
    reads: "Cannot deserialize generic container types",
    writes: "not found in type_info registry",
  },
  Ring: { reads: "Rc reference 0 not found", writes: "other value" },
});
