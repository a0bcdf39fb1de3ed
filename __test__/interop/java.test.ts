/** Java, with Apache Fory for Java. Each limit is a defect of that library, explained in `docs/interop.md#limits`. */
import { matrix } from "./languages/matrix.ts";

const noFields = { reads: "version 47 is not consistent", writes: "the peer has other fields" };

matrix("java", {
  Empty: noFields,
  Acronym: { reads: "is not consistent with", writes: "the peer has other fields" },
  AnyNull: { reads: "Failed to deserialize input", writes: "NullPointerException" },
});
