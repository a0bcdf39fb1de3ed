// Sessions as users see them: the stub of a session, and the proxy of a session without a schema.
//
// Owns: these objects and the options of a session. The functions of a session are made at their first use, because a
// program may hold thousands of idle sessions. Does not own: opening and ending (session-path.ts), calls (call.ts).

import { checkMetadata } from "../metadata.js";
import { NO_TIMEOUT } from "../native/constants.js";
import {
  abortSignal,
  checkOptions,
  duration,
  milliseconds,
  nullable,
  type OptionChecksOf,
  optional,
} from "../options.js";
import { pairsOf, type StringPairs } from "../pairs.js";
import type { SessionService } from "../schema/service.js";
import type { Constructs } from "../schema/types.js";
import { bindService, serviceFrom } from "../service/binding.js";
import type { ClientMethod } from "./method.js";
import { type ProxyOptions, proxyVersion, ServiceProxy } from "./proxy.js";
import { type Opening, type SessionEnd, SessionPath } from "./session-path.js";
import {
  type CheckedStub,
  refuseUndecorated,
  type StubHost,
  type StubOptions,
  stubChecks,
  stubTargets,
} from "./stub.js";
import type { Stub } from "./stub-types.js";

/**
 * The options of a session: those of a stub, and those of opening it.
 *
 * @example
 * const options: SessionOptions = { timeoutMs: 5000, metadata: { room: "blue" } };
 */
export interface SessionOptions extends Omit<StubOptions, "timeoutMs"> {
  /** The time limit for opening the session, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** The default deadline of the calls in the session in milliseconds; null for none. */
  readonly callTimeoutMs?: number | null | undefined;
  /** Ends the session when it aborts: a running call is cancelled, and calls that wait fail. */
  readonly signal?: AbortSignal | undefined;
  /** Pairs of strings that the server gets as `session.metadata`. */
  readonly metadata?: StringPairs | undefined;
}

/**
 * What every session has beside the functions of its service.
 *
 * @example
 * const leave = async (session: OpenSession): Promise<void> => {
 *   await session.close();
 *   const { by } = await session.closed;
 *   console.log(session.id, by); // ... client
 * };
 */
export interface OpenSession {
  /** The id of the session, which the server sees too. */
  readonly id: string;
  /** Settles when the session is over, whatever ended it. It never rejects. */
  readonly closed: Promise<SessionEnd>;
  /** Ends the session after the calls that were made before. It may be called twice. */
  close(): Promise<void>;
  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The functions of a session: those of the service, and {@link OpenSession}.
 *
 * *Shape*: one call runs at a time. Later calls wait for the end of the earlier ones, in the order in which they were made.
 *
 * @example
 * const leave = async (session: SessionStub<typeof Lobby>): Promise<number> => (await session.leave({})).moves;
 * console.log(await leave(lobby)); // 0
 */
export type SessionStub<S> = Stub<S> & OpenSession;

const OWN = ["id", "closed", "close"];
const DEFAULT_OPEN_MS = 30_000;

const openChecks = {
  timeoutMs: optional(duration),
  callTimeoutMs: optional(nullable(milliseconds)),
  signal: optional(abortSignal),
  metadata: optional(pairsOf),
};
/** The options of a session, checked. */
interface CheckedSession extends Omit<CheckedStub, "timeoutMs"> {
  readonly timeoutMs: number | undefined;
  readonly callTimeoutMs: number | null | undefined;
  readonly signal: AbortSignal | undefined;
  readonly metadata: Map<string, string> | undefined;
}

/** The checks of {@link SessionOptions}. */
export const sessionChecks: OptionChecksOf<CheckedSession> = { ...stubChecks, ...openChecks };

const paths = new WeakMap<object, SessionPath>();

function pathOf(session: object): SessionPath {
  const path = paths.get(session);
  if (path === undefined) throw new TypeError("this is no session");
  return path;
}

/** The members of {@link OpenSession}, which all sessions inherit. */
const controls: object & OpenSession = {
  get id(): string {
    return pathOf(this).id;
  },
  get closed(): Promise<SessionEnd> {
    return pathOf(this).ended;
  },
  close(): Promise<void> {
    return pathOf(this).close();
  },
  [Symbol.asyncDispose](): Promise<void> {
    return pathOf(this).close();
  },
};

/** What all sessions of a service at one server share. */
interface Shape {
  readonly prototype: object;
  /** The handle with which sessions are opened. */
  readonly handle: number;
}

const shapes = new WeakMap<object, WeakMap<object, Shape>>();

/** Opens a session of a service. */
export async function openSession(
  host: StubHost,
  given: SessionService<unknown> | Constructs<object>,
  options: SessionOptions | undefined,
): Promise<object> {
  const { timeoutMs, callTimeoutMs, signal, metadata, ...stub } = checkOptions(sessionChecks, options);
  const service = serviceFrom(given);
  const usual =
    callTimeoutMs === undefined && Object.values(stub).every((value: unknown) => value === undefined);
  const shape = (): Shape => shapeOf(host, service, { ...stub, timeoutMs: callTimeoutMs });
  const { prototype, handle } = usual ? known(host, service, shape) : shape();
  const path = await SessionPath.open(host.connection, {
    ...opening(timeoutMs, signal, metadata),
    handle,
    service: service.name,
  });
  const session = Object.create(prototype) as object;
  paths.set(session, path);
  return session;
}

function opening(
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  metadata: Map<string, string> | undefined,
): Pick<Opening, "timeoutMs" | "signal" | "metadata"> {
  if (metadata !== undefined) checkMetadata(metadata);
  return {
    timeoutMs: Math.min(Math.ceil(timeoutMs ?? DEFAULT_OPEN_MS), NO_TIMEOUT - 1),
    signal: signal ?? null,
    metadata: metadata === undefined || metadata.size === 0 ? null : metadata,
  };
}

function known(host: StubHost, service: object, make: () => Shape): Shape {
  let services = shapes.get(host);
  if (services === undefined) {
    services = new WeakMap();
    shapes.set(host, services);
  }
  let shape = services.get(service);
  if (shape === undefined) {
    shape = make();
    services.set(service, shape);
  }
  return shape;
}

function shapeOf(host: StubHost, service: SessionService | object, options: CheckedStub): Shape {
  const bound = bindService(serviceFrom(service));
  const { name } = bound.definition;
  if (bound.definition.scope !== "session")
    throw new TypeError(`${name} is a shared service: call it with client.stub()`);
  const { targets, handleOf, functionOf } = stubTargets(host, bound, options);
  const prototype = Object.create(controls) as object;
  refuseUndecorated(prototype, bound);
  for (const { key, method } of targets) {
    if (OWN.includes(key)) {
      throw new TypeError(
        `${name}.${key}: a session has a member with this name; give the method another key, with { name: "${key}" }`,
      );
    }
    Object.defineProperty(prototype, key, lazily(key, method, functionOf));
  }
  return { prototype, handle: handleOf("") };
}

/** A function of a session that is made at its first use. Like the functions of a stub, it can be replaced. */
function lazily(
  key: string,
  method: ClientMethod,
  functionOf: (method: ClientMethod) => unknown,
): PropertyDescriptor {
  const settle = (session: object, value: unknown): unknown => {
    Object.defineProperty(session, key, { value, configurable: true, enumerable: true, writable: true });
    return value;
  };
  return {
    configurable: true,
    enumerable: true,
    get(this: object): unknown {
      return settle(this, functionOf({ ...method, path: pathOf(this) }));
    },
    set(this: object, value: unknown): void {
      settle(this, value);
    },
  };
}

/**
 * The options of a session without a schema.
 *
 * @example
 * const options: SessionProxyOptions = { timeoutMs: 5000, callTimeoutMs: 1000 };
 */
export interface SessionProxyOptions
  extends Pick<SessionOptions, "timeoutMs" | "callTimeoutMs" | "signal" | "metadata"> {
  /** The version of the service, when the server announces several. Default: the newest. */
  readonly version?: number | undefined;
}

/**
 * A session of a service that is called by its name, without a schema.
 *
 * @example
 * const leave = async (lobby: SessionProxy): Promise<unknown> => {
 *   const receipt = await lobby.call("leave", { reason: "late" });
 *   await lobby.close();
 *   return receipt;
 * };
 */
export class SessionProxy extends ServiceProxy implements OpenSession {
  readonly #path: SessionPath;

  /** Use `client.sessionProxy(name)`. */
  constructor(host: StubHost, service: string, options: ProxyOptions, path: SessionPath) {
    super(host, service, options, path);
    this.#path = path;
  }

  /** The id of the session. */
  get id(): string {
    return this.#path.id;
  }

  /** Settles when the session is over. It never rejects. */
  get closed(): Promise<SessionEnd> {
    return this.#path.ended;
  }

  /** Ends the session after the calls that were made before. It may be called twice. */
  close(): Promise<void> {
    return this.#path.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#path.close();
  }
}

const proxyChecks = { ...openChecks, version: (value: unknown): unknown => value };

/** Opens a session of a service by its name. */
export async function openSessionProxy(
  host: StubHost,
  service: string,
  options: SessionProxyOptions | undefined,
): Promise<SessionProxy> {
  const { timeoutMs, callTimeoutMs, signal, metadata, version } = checkOptions(proxyChecks, options);
  const proxied = { version, timeoutMs: callTimeoutMs } as ProxyOptions;
  const handle = host.connection.register(
    ServiceProxy.called(service, proxyVersion(host, service, proxied, "session"), "unary", ""),
  );
  const path = await SessionPath.open(host.connection, {
    ...opening(timeoutMs, signal, metadata),
    handle,
    service,
  });
  return new SessionProxy(host, service, proxied, path);
}
