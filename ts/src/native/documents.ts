// The functions of the addon, and the types of their arguments and results. All are generated from Rust (docs/boundary.md).
//
// Owns: the names of these types in the library. Some of them are part of the public API.

/** The functions that the addon exports. */
export type NativeBinding = Omit<typeof import("./binding.cjs"), "__napiBindingTarget">;

/** The functions that return the result of a settled request. */
export type Take = Extract<keyof NativeBinding, `take${string}`>;

export type {
  AccessOptions,
  CalledMethod,
  ConnectionFacts,
  ConnectionPath,
  ConnectionState,
  ContractDiff,
  ContractFacts,
  CredentialFault,
  DialOptions,
  EndpointChange,
  Failure,
  FoundEndpoint,
  IdentityEntry,
  LimitOptions,
  LinkCounts,
  LinkStats,
  NamedText,
  NodeFacts,
  OpenedConnection,
  OwnCredential,
  PeerFacts,
  ProfileList,
  Readmitted,
  RegistryQuery,
  RegistrySettings,
  RelaySettings,
  ServedService,
  ServiceSummary,
  StartedNode,
  StartedRelay,
  StartOptions,
  TicketCredential,
  TicketParts,
} from "./binding.cjs";
