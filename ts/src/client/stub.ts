// Building stubs: objects whose functions are the methods of a service.
//
// Owns: the choice of the payload mode, the registration of methods, and the function of each call pattern. Does not
// own: the contract check (contract-check.ts), running a call (invoke.ts).

import { AsterError, Code } from "../errors.js";
import type { Logger } from "../logging.js";
import { limitDecoded } from "../message.js";
import type { CalledMethod, ServiceSummary } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import {
  checkOptions,
  functionOf,
  listOf,
  milliseconds,
  nullable,
  type OptionChecksOf,
  oneOf,
  optional,
} from "../options.js";
import { isNativeOnly } from "../schema/service.js";
import { type BoundMethod, type BoundService, bindService, serviceFrom } from "../service/binding.js";
import { announcedDifferences } from "../service/manifests.js";
import { uncheckedFields } from "../service/unchecked-fields.js";
import { checkedCodec, type UnknownMembers } from "../service/unknown-members.js";
import type { Connection } from "./connection.js";
import { matchContract, meetsCompatibly } from "./contract-check.js";
import { type ClientInterceptor, interceptedMethod } from "./interceptors.js";
import { directMethod } from "./invoke.js";
import { type ClientMethod, defaultSettings } from "./method.js";
import { type Inherited, inheritedFrom, within } from "./within.js";

/**
 * The options of a stub.
 *
 * @example
 * const options: StubOptions = { timeoutMs: 5000, compress: "never" };
 * const billing = client.stub(Billing, options);
 */
export interface StubOptions {
  /**
   * `"verify"` (the default) compares contract ids and, between servers and clients of this library, the exact schemas: now,
   * and again for every connection that replaces another one. It accepts differences only when client and server declared
   * every message of the service `compatible`. `"ignore"` calls without the check.
   */
  readonly contract?: "verify" | "ignore" | undefined;
  /** Manifests of the server's services. They are used with the project's manifests to explain a contract mismatch. */
  readonly manifest?: unknown;
  /**
   * The payload encoding. Default: the first mode of the service that both sides support, so NATIVE only between two Node
   * peers with the same schemas; JSON when the server announces only JSON. Between two versions of a service whose messages are
   * all `compatible`: XLANG with field descriptions.
   */
  readonly mode?: "xlang" | "json" | "native" | undefined;
  /** The default deadline of this stub's calls in milliseconds; null for none. */
  readonly timeoutMs?: number | null | undefined;
  /**
   * The context of the handler that makes these calls. They end with its call: they inherit its deadline and its
   * cancellation. The shorter one of two deadlines counts.
   */
  readonly within?: Inherited | undefined;
  /** Functions that run around every call, inside the interceptors of the client. The first one is the outermost. */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
  /**
   * Compression of requests above 4096 bytes. `"auto"` (the default) stops for a while when the data does not become
   * smaller. JSON is never compressed.
   */
  readonly compress?: "auto" | "always" | "never" | undefined;
}

/** The parts of a client that a stub needs. */
export interface StubHost {
  readonly connection: Connection;
  readonly interceptors: readonly ClientInterceptor[];
  readonly logger: Logger;
  readonly unknownMembers: UnknownMembers;
}

/** The options of a stub, checked. */
export interface CheckedStub {
  readonly contract: "verify" | "ignore" | undefined;
  readonly manifest: unknown;
  readonly mode: "xlang" | "json" | "native" | undefined;
  readonly timeoutMs: number | null | undefined;
  readonly within: Inherited | undefined;
  readonly interceptors: readonly ClientInterceptor[] | undefined;
  readonly compress: "auto" | "always" | "never" | undefined;
}

/** The checks of {@link StubOptions}. */
export const stubChecks: OptionChecksOf<CheckedStub> = {
  contract: optional(oneOf("verify", "ignore")),
  manifest: (value: unknown): unknown => value,
  mode: optional(oneOf("xlang", "json", "native")),
  timeoutMs: optional(nullable(milliseconds)),
  within: optional(inheritedFrom),
  interceptors: optional(listOf(functionOf<ClientInterceptor>())),
  compress: optional(oneOf("auto", "always", "never")),
};

/** Builds the stub of a service at the server of a connection. */
export function createStub(host: StubHost, service: unknown, options: StubOptions | undefined): object {
  const checked = checkOptions(stubChecks, options);
  const bound = bindService(serviceFrom(service));
  const { name, scope } = bound.definition;
  if (scope === "session")
    throw new TypeError(`${name} is a session service: open a session with client.session()`);
  const { targets, functionOf } = stubTargets(host, bound, checked);
  const stub: Record<string, unknown> = {};
  refuseUndecorated(stub, bound);
  for (const { key, method } of targets) stub[key] = functionOf(method);
  // Not frozen: tests of a program replace its functions with spies and mocks.
  return stub;
}

/** Adds functions for methods of a service class that have no decorator: they tell why they cannot be called. */
export function refuseUndecorated(stub: object, { definition, undecorated }: BoundService): void {
  for (const name of undecorated) {
    // With a function `then` every `await` of the stub would call it. Members that the stub has anyway stay.
    if (name === "then" || name in stub) continue;
    const value = (): never => {
      throw new TypeError(
        `${definition.name}.${name} has no decorator such as @rpc(), so clients cannot call it`,
      );
    };
    Object.defineProperty(stub, name, { value, writable: true, configurable: true });
  }
}

/** The methods of a service as a client calls them. */
export interface StubTargets {
  readonly targets: readonly { readonly key: string; readonly method: ClientMethod }[];
  /** The handle of a method by its wire name. The empty name is that of sessions. */
  handleOf(name: string): number;
  /** The function of a stub for a method. */
  functionOf(method: ClientMethod): unknown;
}

/** Checks the contract, chooses the mode, and registers the methods of a service. */
export function stubTargets(host: StubHost, bound: BoundService, checked: CheckedStub): StubTargets {
  const verify = checked.contract !== "ignore";
  const summary = announced(host, bound, verify, checked.manifest);
  const mode = modeOf(checked.mode, summary, bound, verify, host.connection.endpointId);
  const interceptors = [...host.interceptors, ...(checked.interceptors ?? [])];
  const register = (method: Pick<CalledMethod, "method" | "pattern" | "request" | "response">): number =>
    host.connection.register({
      service: bound.definition.name,
      version: bound.definition.version,
      mode,
      plan: bound.plan,
      agreement: verify ? bound.agreement() : null,
      compress: checked.compress ?? "auto",
      ...method,
    });
  const targets = bound.methods.map((method) => {
    const { wireName, pattern, key } = method.definition;
    const { requestRoot: request, responseRoot: response } = method;
    const handle = register({ method: wireName, pattern, request, response });
    const codecs = mode === "native" && method.native !== null ? method.native : method;
    return { key, method: clientMethod(host, bound, { ...method, ...codecs }, handle, checked.timeoutMs) };
  });
  return {
    targets,
    handleOf: (method) => register({ method, pattern: "unary", request: 0, response: 0 }),
    functionOf: (method) => {
      const call = interceptors.length === 0 ? directMethod(method) : interceptedMethod(method, interceptors);
      return checked.within === undefined ? call : within(method, call, checked.within);
    },
  };
}

function announced(
  host: StubHost,
  bound: BoundService,
  verify: boolean,
  manifest: unknown,
): ServiceSummary | undefined {
  const { name, version } = bound.definition;
  const { services, endpointId } = host.connection;
  if (!verify) {
    return services.find((service) => service.name === name && service.version === version);
  }
  const { contractId, problem } = bound.contract;
  const ours = { name, version, contractId, problem, agreement: bound.agreement };
  return matchContract(ours, services, {
    peer: endpointId,
    logger: host.logger,
    differences: (id) =>
      announcedDifferences(bound, id, manifest)?.text ?? host.connection.differences(bound.agreement()),
    uncheckedFields: () => uncheckedFields(bound.document),
  });
}

/**
 * The mode of a stub: the one that its options ask for, or the first one that both sides support.
 * @throws {AsterError} FAILED_PRECONDITION with reason `NATIVE_NOT_AGREED` when only NATIVE is possible and the server has it not
 */
function modeOf(
  asked: StubOptions["mode"],
  summary: ServiceSummary | undefined,
  bound: BoundService,
  verify: boolean,
  peer: string,
): CalledMethod["mode"] {
  const { name, version, modes } = bound.definition;
  const listed = modes.indexOf("native");
  const only = asked === "native" || isNativeOnly(modes) || summary?.modes[0] === "native";
  if (only && asked !== undefined && asked !== "native") {
    throw notNative(name, version, `only takes calls in NATIVE mode, not in mode ${asked}`, peer);
  }
  const first = listed >= 0 && (listed === 0 || !modes.slice(0, listed).includes("xlang"));
  if (!only && (asked !== undefined || !first)) return asked ?? modeFor(summary, bound);
  if (listed < 0) throw notNative(name, version, `does not list the mode "native" here`, peer);
  // Without the check of the contract, nothing tells that both sides have the same schemas.
  const agreed =
    verify &&
    summary !== undefined &&
    controlCall((native) => native.agreementTakesNative(bound.agreement(), summary.extensions));
  if (agreed) return "native";
  if (!only) return modeFor(summary, bound);
  const why = verify
    ? "the server does not announce NATIVE mode with the same schemas"
    : 'it needs the check of the contract, so not { contract: "ignore" }';
  throw notNative(name, version, `only works in NATIVE mode, but ${why}`, peer);
}

function notNative(service: string, version: number, problem: string, peer: string): AsterError {
  return new AsterError(Code.FAILED_PRECONDITION, `${service} v${version} ${problem}`, {
    peer,
    reason: "NATIVE_NOT_AGREED",
    notSent: true,
    details: { service, version: String(version) },
  });
}

function modeFor(summary: ServiceSummary | undefined, bound: BoundService): CalledMethod["mode"] {
  const offered =
    summary === undefined || summary.modes.length === 0 ? bound.definition.modes : summary.modes;
  if (offered.includes("json") && !offered.includes("xlang")) return "json";
  if (summary === undefined || !meetsCompatibly(bound, summary)) return "xlang";
  // Field descriptions cost bytes and time. A server with the same messages does not need them.
  return summary.extensions.compatible === bound.fingerprint ? "xlang" : "compatible";
}

function clientMethod(
  { connection, unknownMembers }: StubHost,
  bound: BoundService,
  method: BoundMethod,
  handle: number,
  stubTimeoutMs: number | null | undefined,
): ClientMethod {
  const { requestStream, responseStream, definition } = method;
  return {
    path: connection,
    handle,
    service: bound.definition.name,
    version: bound.definition.version,
    name: definition.wireName,
    requestStream,
    responseStream,
    idempotent: definition.idempotent,
    request: checkedCodec(method.request, definition.request, unknownMembers),
    response: limitDecoded(method.response, connection.maxDecodedBytes),
    tools: method.tools,
    defaults: defaultSettings(stubTimeoutMs, definition.timeoutMs, responseStream),
  };
}
