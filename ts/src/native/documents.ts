// The addon's functions, and the JSON documents of its control plane (docs/boundary.md).
//
// Owns: the documents as TypeScript sees them. Does not own: the functions, whose types are generated from Rust.
// Absent members are null.

/** The functions that the addon exports. */
export type NativeBinding = Omit<typeof import("./binding.cjs"), "__napiBindingTarget">;

/** Result of `nodeStart`. */
export interface StartedNode {
  readonly node: number;
  readonly endpointId: string;
  readonly directAddresses: readonly string[];
  readonly relayUrl: string | null;
  readonly ticket: string;
}

/** A service as the admission answer announces it. */
export interface ServiceSummary {
  readonly name: string;
  readonly version: number;
  readonly contractId: string;
  readonly pattern: string;
  readonly modes: readonly string[];
  /** Modes beside those of the contract, with what is to be known of each (`docs/protocol.md#modes`). */
  readonly extensions: Readonly<Record<string, string>>;
}

/** Result of `nodeConnect`. */
export interface OpenedConnection {
  readonly connection: number;
  readonly endpointId: string;
  readonly services: readonly ServiceSummary[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** Result of `nodeInfo`. */
export interface NodeFacts {
  readonly endpointId: string;
  readonly directAddresses: readonly string[];
  readonly relayUrl: string | null;
  readonly ticket: string;
  readonly openCalls: number;
  readonly draining: boolean;
}

/** Result of `connectionInfo`. */
export interface ConnectionFacts {
  readonly endpointId: string;
  readonly remoteAddress: string | null;
  readonly relayed: boolean;
  /** Round trip in milliseconds; null, as the address, while no path is chosen. */
  readonly rttMs: number | null;
  readonly open: boolean;
}
