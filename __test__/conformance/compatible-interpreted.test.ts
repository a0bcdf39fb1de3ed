// The same recordings as in `compatible.test.ts`, with the interpreter.

import { describeRecorded } from "./recorded.js";

process.env.ASTER_CODEC = "interpreted";

describeRecorded("interpreted: compatible messages recorded from Python", {
  file: "wheel-compatible",
  member: "compatible_hex",
  count: 143,
  options: { compatible: true },
});

describeRecorded("interpreted: compatible messages of other kinds recorded from Python", {
  file: "wheel-kinds",
  member: "compatible_hex",
  count: 66,
  options: { compatible: true },
  readOnly: ["uint8 array without a schema"],
});
