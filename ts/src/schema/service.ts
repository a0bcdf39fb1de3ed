// Services: `service(name, options, methods)`, and their contract.
//
// Owns: the definition of a service, its options, its document for Rust and its contract id. Does not own: method descriptors
// (`method.ts`), the class form (`decorators.ts`), serving and calling.

import { AsterError, Code } from "../errors.js";
import { contractManifest, describeContract } from "../native/contracts.js";
import type { ContractFacts } from "../native/documents.js";
import { type Capability, capabilityOf } from "./capability.js";
import { markAsOurs } from "./copies.js";
import { defaultsOf } from "./defaults.js";
import { type Described, describe } from "./descriptor.js";
import { JS_DEFINITION } from "./js-value.js";
import { type AnyMethod, type MethodDefinition, methodDefinition } from "./method.js";
import { checkOptions } from "./names.js";
import { asSchema, type SchemaObject } from "./schema.js";

/**
 * The payload modes that a service may declare. `"native"` is for two Node peers with the same schemas, and the only mode of a
 * service that uses `t.js` (`docs/native.md`). `"row"` only changes the contract id, so that a stub can
 * match a Python service that declares it.
 *
 * @example
 * const modes: readonly Mode[] = ["xlang", "json"];
 * const Greeter = service("Greeter", { modes }, { greet: unary(Hello, Greeting) });
 */
export type Mode = "xlang" | "json" | "native" | "row";

/**
 * The options of a service.
 *
 * @example
 * const options: ServiceOptions = { version: 2, modes: ["xlang"] };
 * const Greeter = service("Greeter", options, { greet: unary(Hello, Greeting) });
 */
export interface ServiceOptions {
  /** The version. Default 1. */
  readonly version?: number;
  /** `"shared"` (the default): each call stands alone. `"session"`: calls are made in sessions, each with its own handlers. */
  readonly scope?: "shared" | "session";
  /**
   * The payload modes, the preferred one first. They and their order are part of the contract. Servers also accept JSON, unless
   * `native` is the only mode. Default `["xlang"]`.
   */
  readonly modes?: readonly Mode[];
  /** The roles that every caller of the service must have. */
  readonly requires?: string | Capability;
  /** Types that values of `t.any` may have, in addition to the types of the methods. */
  readonly types?: readonly unknown[];
}

/**
 * The methods by their TypeScript names.
 *
 * @example
 * const methods = { greet: unary(Hello, Greeting) } satisfies MethodTable;
 * const Greeter = service("Greeter", {}, methods);
 */
export interface MethodTable {
  readonly [name: string]: AnyMethod;
}

/**
 * A service: a name, a version and typed methods.
 *
 * @example
 * const title = ({ name, version }: Service): string => `${name} v${version}`;
 * console.log(title(Billing)); // BillingService v1
 */
export interface Service<M = MethodTable> {
  readonly name: string;
  readonly version: number;
  readonly scope: "shared" | "session";
  readonly modes: readonly Mode[];
  readonly requires: Capability | null;
  /** The methods by their TypeScript names, as they were declared. */
  readonly methods: M;
  /**
   * The contract id: 64 hexadecimal digits, equal in every language.
   * @throws {AsterError} FAILED_PRECONDITION `NO_CONTRACT_ID` when a tag without "/" needs its Python module
   */
  readonly contractId: string;
  /** The canonical bytes from which the contract id is computed. @throws {AsterError} as `contractId` */
  contractBytes(): Uint8Array;
  /** The manifest. @throws {AsterError} as `contractId` */
  manifest(): unknown;
}

/**
 * A service whose calls are made in sessions: `service(name, { scope: "session" }, methods)`.
 *
 * @example
 * const Counter: SessionService<{ greet: MethodOf<"unary", typeof Hello, typeof Greeting> }> = service(
 *   "Counter",
 *   { scope: "session" },
 *   { greet: unary(Hello, Greeting) },
 * );
 * console.log(Counter.scope); // session
 */
export interface SessionService<M = MethodTable> extends Service<M> {
  readonly scope: "session";
}

/** A service as data, for the parts of the package that serve and call it. */
export interface ServiceDefinition {
  readonly name: string;
  readonly version: number;
  readonly scope: "shared" | "session";
  readonly modes: readonly Mode[];
  readonly requires: Capability | null;
  readonly methods: readonly MethodDefinition[];
  readonly types: readonly SchemaObject[];
}

/** True for a service that takes no calls in other modes than NATIVE. */
export function isNativeOnly(modes: readonly Mode[]): boolean {
  return modes.every((mode) => mode === "native");
}

const MODES: readonly unknown[] = ["xlang", "json", "native", "row"];
const SERVICE_OPTIONS = ["version", "scope", "modes", "requires", "types"];

class ServiceObject {
  readonly definition: ServiceDefinition;
  readonly methods: unknown;
  #described: Described | null = null;
  #facts: ContractFacts | null = null;
  #text: string | null = null;

  constructor(definition: ServiceDefinition, methods: unknown) {
    this.definition = definition;
    this.methods = methods;
  }

  get name(): string {
    return this.definition.name;
  }

  get version(): number {
    return this.definition.version;
  }

  get scope(): "shared" | "session" {
    return this.definition.scope;
  }

  get modes(): readonly Mode[] {
    return this.definition.modes;
  }

  get requires(): Capability | null {
    return this.definition.requires;
  }

  /** The descriptor. Its roots are the request and the response of each method in order. */
  get described(): Described {
    const roots = this.definition.methods.flatMap((method) => [method.request, method.response]);
    this.#described ??= this.#checked(describe(roots, this.definition.types));
    return this.#described;
  }

  /** Other modes than NATIVE cannot hold values of `t.js`. */
  #checked(described: Described): Described {
    const { name, modes } = this.definition;
    if (described.types.includes(JS_DEFINITION) && !isNativeOnly(modes)) {
      throw new TypeError(`${name}.modes: must be ["native"], because the service uses t.js`);
    }
    return described;
  }

  get document(): object {
    const { name, version, scope, modes, methods } = this.definition;
    const { descriptor } = this.described;
    const entries = methods.map((method, index) => ({
      name: method.wireName,
      pattern: method.pattern,
      request: descriptor.roots[2 * index],
      response: descriptor.roots[2 * index + 1],
      idempotent: method.idempotent,
      timeoutMs: method.timeoutMs,
    }));
    const defaults = defaultsOf(this.described.types);
    return { name, version, scope, modes, methods: entries, schema: descriptor, defaults };
  }

  get facts(): ContractFacts {
    this.#facts ??= describeContract(this.documentText);
    return this.#facts;
  }

  /** The document as text. The checks of a service need it several times, and it may have hundreds of messages. */
  get documentText(): string {
    this.#text ??= JSON.stringify(this.document);
    return this.#text;
  }

  get contractId(): string {
    return this.#known(this.facts.contractId);
  }

  contractBytes(): Uint8Array {
    return Uint8Array.from(Buffer.from(this.#known(this.facts.canonicalHex), "hex"));
  }

  manifest(): unknown {
    this.#known(this.facts.contractId);
    return contractManifest(this.document);
  }

  #known(value: string | null): string {
    if (value !== null) return value;
    const problem = this.facts.problem ?? "it cannot be computed";
    const text = `${this.name} v${this.version} has no contract id: ${problem}`;
    throw new AsterError(Code.FAILED_PRECONDITION, text, { isLocal: true, reason: "NO_CONTRACT_ID" });
  }
}

function checkName(name: unknown): string {
  if (typeof name !== "string" || name === "")
    throw new TypeError("service(): the name must be a non-empty string");
  if (name.length > 256) throw new TypeError("service(): the name has more than 256 characters");
  if (/\p{Surrogate}/u.test(name)) throw new TypeError("service(): the name has a lone surrogate");
  return name;
}

function checkVersion(version: unknown, path: string): number {
  if (typeof version === "number" && Number.isInteger(version) && version >= 1 && version <= 2147483647)
    return version;
  throw new TypeError(`${path}.version: must be an integer from 1 to 2147483647`);
}

function checkModes(modes: readonly unknown[], path: string): readonly Mode[] {
  if (!Array.isArray(modes) || modes.length === 0)
    throw new TypeError(`${path}.modes: must contain at least one mode`);
  for (const [index, mode] of modes.entries()) {
    if (!MODES.includes(mode))
      throw new TypeError(`${path}.modes[${index}]: must be one of ${MODES.join(", ")}`);
    if (modes.indexOf(mode) !== index)
      throw new TypeError(`${path}.modes[${index}]: the mode is listed twice`);
  }
  return Object.freeze([...(modes as readonly Mode[])]);
}

/** Makes a service. `decorators.ts` calls it for the class form. */
export function buildService(name: unknown, options: ServiceOptions, methods: object): Service<unknown> {
  const path = checkName(name);
  checkOptions(options, SERVICE_OPTIONS, path);
  const scope = options.scope ?? "shared";
  if (scope !== "shared" && scope !== "session")
    throw new TypeError(`${path}.scope: must be "shared" or "session"`);
  const table = Object.keys(methods).map((key) =>
    methodDefinition(key, (methods as Record<string, unknown>)[key], `${path}.${key}`),
  );
  const seen = new Set<string>();
  for (const { key, wireName } of table) {
    if (seen.has(wireName))
      throw new TypeError(`${path}.${key}: another method has the wire name ${wireName}`);
    seen.add(wireName);
  }
  const definition: ServiceDefinition = {
    name: path,
    version: checkVersion(options.version ?? 1, path),
    scope,
    modes: checkModes(options.modes ?? ["xlang"], path),
    requires: capabilityOf(options.requires, `${path}.requires`),
    methods: Object.freeze(table),
    types: (options.types ?? []).map((type, index) => asSchema(type, `${path}.types[${index}]`)),
  };
  return new ServiceObject(definition, methods) as unknown as Service<unknown>;
}

markAsOurs(ServiceObject.prototype);

function objectOf(service: unknown): ServiceObject {
  if (service instanceof ServiceObject) return service;
  throw new TypeError("expected a service made by service() or serviceOf()");
}

/** True for the result of `service()` with methods. */
export function isService(value: unknown): value is Service {
  return value instanceof ServiceObject;
}

/** The data of a service. @throws {TypeError} when the value is not a service */
export function serviceDefinition(service: unknown): ServiceDefinition {
  return objectOf(service).definition;
}

/** The service document as text. */
export function serviceDocumentText(service: unknown): string {
  return objectOf(service).documentText;
}

/** The service document of `docs/boundary.md`. */
export function serviceDocument(service: unknown): object {
  return objectOf(service).document;
}

/** The types of the service. The roots are the request and the response of each method in order. */
export function serviceDescribed(service: unknown): Described {
  return objectOf(service).described;
}

/** The contract ids and type hashes of a service, or the reason why it has no id. */
export function contractFacts(service: unknown): ContractFacts {
  return objectOf(service).facts;
}
