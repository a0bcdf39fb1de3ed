// The same recordings as in `kinds.test.ts`, and those of plain messages, with the interpreter.

import { describeRecorded } from "./recorded.js";

process.env.ASTER_CODEC = "interpreted";

describeRecorded("interpreted: typed arrays, extensions and unions recorded from Python", {
  file: "wheel-kinds",
  member: "xlang_hex",
  count: 66,
  // Without a schema, a Uint8Array is encoded as bytes.
  readOnly: ["uint8 array without a schema"],
});

describeRecorded("interpreted: messages recorded from Python", {
  file: "wheel-xlang",
  member: "xlang_hex",
  count: 164,
});
