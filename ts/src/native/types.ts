// The shape of the addon: the control plane and the four functions of the data plane (docs/boundary.md).
//
// Owns: names and signatures as TypeScript sees them. Does not own: what the functions do (Rust).
// Every document is JSON text; absent members are null.

/** The functions that the addon exports. */
export interface NativeBinding {
  bridgeVersion(): string;

  openPort(doorbell: () => void): number;
  closePort(port: number): void;
  submit(port: number, buffer: Uint8Array, length: number): void;
  drain(port: number, slab: Uint8Array): number;

  compilePlan(descriptor: string): string;
  planToJson(plan: number, root: number, message: Uint8Array): string;
  planFromJson(plan: number, root: number, text: string): Uint8Array;
  planCheck(plan: number, root: number, message: Uint8Array): void;
  contractDescribe(service: string): string;
  contractManifest(service: string): string;
  ticketParse(text: string): string;
  ticketFormat(parts: string): string;
  addressParse(text: string): string;
  secretKeyGenerate(): Uint8Array;
  publicKeyOf(secretKey: string): string;

  nodeStart(port: number, request: number, options: string): void;
  nodeServe(port: number, node: number, services: string): string;
  nodeUnserve(port: number, node: number): void;
  nodeConnect(port: number, request: number, node: number, options: string): void;
  methodRegister(port: number, connection: number, method: string): number;
  connectionClose(connection: number): void;
  connectionInfo(port: number, request: number, connection: number): void;
  nodeInfo(port: number, request: number, node: number): void;
  nodeDrain(port: number, request: number, node: number, timeoutMs: number): void;
  nodeClose(port: number, request: number, node: number): void;
}

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
  readonly rttMs: number;
  readonly open: boolean;
}
