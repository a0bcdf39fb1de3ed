// Table of contents of the package.

export type { ClientOptions, CredentialSource, ServerAccess } from "./client/client-options.js";
export type {
  DynamicMessage,
  DynamicMethod,
  DynamicOptions,
  DynamicSession,
  DynamicSessionOptions,
  DynamicStub,
} from "./client/dynamic.js";
export type { ConnectionEvent } from "./client/events.js";
export type { ClientInterceptor, ClientNext, OutgoingCall } from "./client/interceptors.js";
export type { CallOptions } from "./client/method.js";
export type { ProxyOptions, ServiceProxy } from "./client/proxy.js";
export type { RelayPolicy } from "./client/relay-policy.js";
export type {
  OpenSession,
  SessionOptions,
  SessionProxy,
  SessionProxyOptions,
  SessionStub,
} from "./client/session.js";
export type { SessionEnd } from "./client/session-path.js";
export type { BidiCall, ResponseStream } from "./client/streams.js";
export type { StubOptions } from "./client/stub.js";
export type { Stub, Uploadable } from "./client/stub-types.js";
export type { Inherited } from "./client/within.js";
export { AsterError, type AsterErrorInit, Code, type CodeName } from "./errors.js";
export { endpointIdOf, generateSecretKey } from "./identity.js";
export type { LogFields, Logger } from "./logging.js";
export type {
  ConnectionFacts,
  ConnectionPath,
  EndpointChange,
  FoundEndpoint,
  NodeFacts,
  ServiceSummary,
  TicketCredential,
  TicketParts,
} from "./native/documents.js";
export type { Admission } from "./node/admission.js";
export {
  AsterClient,
  type ConnectOptions,
  type PingOptions,
  type PolicedRelays,
} from "./node/aster-client.js";
export { AsterNode, type NodeOptions } from "./node/aster-node.js";
export { AsterServer, type ServerOptions } from "./node/aster-server.js";
export type { DrainOptions } from "./node/drain.js";
export type { Discovery, OwnRelays, Relay } from "./node/network-options.js";
export type { EndpointOptions, NodeIdentity, NodeLimits } from "./node/node-options.js";
export type { NodeRegistry, WatchOptions } from "./node/registry.js";
export type { RegistryChoice, RegistryOptions, SearchOptions } from "./node/registry-options.js";
export { type PushOptions, pushRevocations, type Revocation } from "./node/revocation.js";
export type { ServiceClient } from "./node/service-client.js";
export type { ServiceTarget } from "./node/service-connect.js";
export type { NodeHandle } from "./node/share.js";
export type { StringPairs } from "./pairs.js";
export { rows } from "./rows/rows.js";
export type {
  RowArray,
  RowArrayKind,
  RowColumn,
  RowInput,
  RowList,
  RowMap,
  RowSet,
  Rows,
  RowTable,
  RowTypedArray,
  RowValue,
  RowView,
} from "./rows/types.js";
export * from "./schema/index.js";
export type { Access, GatedAccess, RootPublicKey } from "./server/access.js";
export type { CallContext } from "./server/context.js";
export { type Handler, type Handlers, type Implementation, implement } from "./server/implement.js";
export type { ArrivedCall, ServerInterceptor, ServerNext } from "./server/interceptors.js";
export type { CallPeer, ConnectedPeer } from "./server/peer.js";
export type { ServeOptions, ServingOptions } from "./server/serve-options.js";
export type { Session, SessionCause } from "./server/session.js";
export { Ticket, type TicketInput } from "./ticket.js";
