// Messages that Python writes with compatible=True, with generated code.

import { describeRecorded } from "./recorded.js";

describeRecorded("compatible messages recorded from Python", {
  file: "wheel-compatible",
  member: "compatible_hex",
  count: 143,
  options: { compatible: true },
});

describeRecorded("compatible messages of other kinds recorded from Python", {
  file: "wheel-kinds",
  member: "compatible_hex",
  count: 66,
  options: { compatible: true },
  // Without a schema, a Uint8Array is encoded as bytes.
  readOnly: ["uint8 array without a schema"],
});
