// Table of contents of `aster-rpc/testing`.

export type { LinkCounts, LinkStats } from "../native/documents.js";
export {
  Ledger,
  type LedgerOptions,
  ledger,
  readLedger,
  type SettleOptions,
} from "./ledger.js";
export type { LedgerEntry } from "./ledger-entry.js";
export { checkLedger, type Violation, type ViolationRule } from "./ledger-rules.js";
export {
  type BurstLoss,
  type DropOptions,
  Link,
  type LinkDirection,
  type LinkFaults,
  type LinkOptions,
  link,
} from "./link.js";
export { LocalPair, type LocalPairOptions, localPair } from "./local-pair.js";
export { type RecordedCall, type Recording, type RecordOptions, record } from "./record.js";
export { relay, type TestRelay, type TestRelayOptions } from "./relay.js";
export { type Difference, Replay, replay } from "./replay.js";
