// The addon's functions and the types of what they take and give, all generated from Rust (docs/boundary.md).
//
// Owns: the names under which the library knows them. Some are part of the public API.

/** The functions that the addon exports. */
export type NativeBinding = Omit<typeof import("./binding.cjs"), "__napiBindingTarget">;

/** The functions that take the outcome of a settled request. */
export type Take = Extract<keyof NativeBinding, `take${string}`>;

export type {
  CalledMethod,
  ConnectionFacts,
  ContractFacts,
  Failure,
  LimitOptions,
  NodeFacts,
  OpenedConnection,
  ServedService,
  ServiceSummary,
  StartedNode,
  StartOptions,
  TicketCredential,
  TicketParts,
} from "./binding.cjs";
