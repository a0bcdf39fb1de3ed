// Typed arrays, extensions and unions as Python writes them, with generated code.

import { describeRecorded } from "./recorded.js";

describeRecorded("typed arrays, extensions and unions recorded from Python", {
  file: "wheel-kinds",
  member: "xlang_hex",
  count: 66,
  // Without a schema, a Uint8Array is encoded as bytes.
  readOnly: ["uint8 array without a schema"],
});
