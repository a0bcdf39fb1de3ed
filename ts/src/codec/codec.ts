// Codecs: a root type with its plan, as the rest of the package uses it.
//
// Owns: the codecs of single schemas and of whole services, the start and end of each write and read, and the errors
// that users see. Does not own: the bytes of a payload (`root.ts` and below), or any transport.

import { AsterError, Code } from "../errors.js";
import { MAX_DECODED, type MessageCodec, type MessageWriter } from "../message.js";
import { type Described, describe } from "../schema/descriptor.js";
import type { ExtensionDefinition } from "../schema/extension-coder.js";
import type { MethodDefinition } from "../schema/method.js";
import { asSchema, type SchemaObject } from "../schema/schema.js";
import { serviceDefinition, serviceDescribed } from "../schema/service.js";
import { conform, Misfit, textOfPath } from "../schema/validate.js";
import { CompatibleCodec } from "./compatible.js";
import { type ExecutorName, generatesCode, installExecutor } from "./executor.js";
import { nativeFunctions } from "./native/root.js";
import { compilePlan, type Plan, pathOfFault } from "./plan.js";
import { Reader } from "./reader.js";
import { Exceeded, Malformed, Refusal } from "./refusal.js";
import { type RootFunctions, rootFunctions } from "./root.js";
import { DYNAMIC_SCOPE, JSON_SHAPE, type Scope, scopeOf, shapeOf } from "./shape.js";
import { beginWriting, NESTED_ENCODING, writing } from "./writing.js";

/** A codec that knows the index of its root in a compiled plan, so that Rust can transcode to and from JSON. */
export interface PlanCodec extends MessageCodec {
  readonly planId: number;
  readonly root: number;
  /**
   * The codec of the same root in compatible mode, where each message describes its fields. Null unless the message
   * at the root was declared compatible. Use it only with peers that agreed on compatible mode.
   */
  readonly compatible: MessageCodec | null;
  /** The codec of the same root in NATIVE mode. Use it only with peers that announced the same NATIVE fingerprint. */
  readonly native: MessageCodec;
}

/** The reader that all messages share. A read inside another read, by a default that decodes, gets a new reader. */
const sharedReader = new Reader();
let readerBusy = false;

class RootCodec implements PlanCodec {
  readonly planId: number;
  readonly root: number;
  readonly label: string;
  readonly compatible: MessageCodec | null;
  readonly #functions: RootFunctions;
  readonly #schema: SchemaObject | null;
  readonly #scope: Scope;
  readonly #makeNative: () => RootFunctions;
  #native: MessageCodec | null = null;
  /** False for the codec of NATIVE mode, whose bytes Rust does not read. */
  #isXlang = true;

  constructor(
    scope: Scope,
    root: number,
    functions: RootFunctions,
    schema: SchemaObject | null,
    compatible: boolean,
    native: () => RootFunctions,
  ) {
    this.planId = scope.planId;
    this.root = root;
    this.#scope = scope;
    this.#makeNative = native;
    this.#functions = functions;
    this.#schema = schema;
    this.label = functions.label;
    this.compatible = compatible ? new CompatibleCodec(this) : null;
  }

  get native(): MessageCodec {
    if (this.#native !== null) return this.#native;
    const make = this.#makeNative;
    const codec = new RootCodec(this.#scope, this.root, make(), this.#schema, false, make);
    codec.#isXlang = false;
    this.#native = codec;
    return codec;
  }

  get #extensions(): readonly ExtensionDefinition[] {
    return this.#scope.extensions.map(({ definition }) => definition);
  }

  write(writer: MessageWriter, value: unknown): void {
    if (writing.busy) throw this.#misfit(NESTED_ENCODING, "");
    const start = writer.pos;
    beginWriting();
    try {
      this.#functions.write(writer, value);
    } catch (error) {
      writer.pos = start;
      throw this.#explain(error, value);
    } finally {
      writing.busy = false;
    }
  }

  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    presenceFlagged: boolean,
    maxDecoded: number = MAX_DECODED,
  ): unknown {
    const reader = readerBusy ? new Reader() : sharedReader;
    const outer = readerBusy;
    readerBusy = true;
    try {
      reader.begin(bytes, start, end, maxDecoded);
      const value = presenceFlagged
        ? this.#functions.readPresenceFlagged(reader)
        : this.#functions.read(reader);
      if (reader.pos !== end) reader.fail(`${end - reader.pos} bytes follow the message`);
      return value;
    } catch (error) {
      throw this.#readError(error, presenceFlagged ? null : bytes.subarray(start, end));
    } finally {
      readerBusy = outer;
    }
  }

  /** Makes the error of a failed write. Executors do not know the path; the validator finds it. */
  #explain(error: unknown, value: unknown): unknown {
    if (!(error instanceof Refusal || error instanceof Misfit)) return error;
    try {
      if (this.#schema !== null) conform(this.#schema, value, this.#extensions);
    } catch (found) {
      if (found instanceof Misfit) return this.#misfit(found.message, textOfPath(found.path), found.cause);
    }
    return this.#misfit(error.message, "", error.cause);
  }

  #misfit(message: string, path: string, cause?: unknown): AsterError {
    const text = `${this.label}${path && ` at ${path}`}: ${message}`;
    const details: Record<string, string> = path === "" ? {} : { path };
    const facts = { isLocal: true, reason: "VALUE_MISFIT", details };
    return new AsterError(Code.INVALID_ARGUMENT, text, cause === undefined ? facts : { ...facts, cause });
  }

  /**
   * Makes the error of a failed read. Readers do not know the path; the check in Rust finds it, for messages of a peer.
   * @param message null for presence-flagged XLANG: it is made in this process, so its offsets are not shown
   */
  #readError(error: unknown, message: Uint8Array | null): unknown {
    if (error instanceof Malformed) {
      // Nothing more is spent on a message that exceeds a limit.
      const exceeded = error instanceof Exceeded;
      const path =
        message === null || !this.#isXlang || exceeded ? "" : pathOfFault(this.planId, this.root, message);
      const place = `${path && ` at ${path}`}${message === null ? "" : ` at byte ${error.offset}`}`;
      const text = `${this.label}${place}: ${error.message}`;
      const details: Record<string, string> = path === "" ? {} : { path };
      const facts = { isLocal: true, reason: error.reason, details };
      const { cause } = error;
      const code = exceeded ? Code.RESOURCE_EXHAUSTED : Code.INVALID_ARGUMENT;
      return new AsterError(code, text, cause === undefined ? facts : { ...facts, cause });
    }
    // While reading, only defaults are checked against a schema. A default belongs to this process, not to the peer.
    if (!(error instanceof Misfit)) return error;
    const text = `${this.label}: a default value does not fit its field: ${error.message}`;
    return new AsterError(Code.INTERNAL, text, { isLocal: true, reason: "BAD_DEFAULT" });
  }
}

/** Compiles the plan of described types, and gives the codecs of its roots. */
function compile(described: Described, executor?: ExecutorName): { plan: Plan; codecs: Codecs } {
  const plan = compilePlan(described.descriptor);
  // Roots that track references share one scope, the others share another. Each scope is made when a root needs it.
  const scopes = new Map<boolean, Scope>();
  const scopeFor = (tracked: boolean): Scope => {
    let scope = scopes.get(tracked);
    if (scope === undefined) {
      scope = scopeOf(plan, described, tracked);
      installExecutor(scope, executor);
      scopes.set(tracked, scope);
    }
    return scope;
  };
  const codec = (schema: SchemaObject, root: number): PlanCodec => {
    const planNode = plan.roots[root];
    const scope = scopeFor(planNode?.refs === true);
    const shape = shapeOf(scope, schema, planNode);
    const functions = rootFunctions(scope, shape);
    const native = (): RootFunctions => nativeFunctions(scope, shape, generatesCode(executor));
    return new RootCodec(scope, root, functions, schema, planNode?.compatible === true, native);
  };
  return { plan, codecs: codec };
}

type Codecs = (schema: SchemaObject, root: number) => PlanCodec;

const bySchema = new WeakMap<object, PlanCodec>();

/**
 * The codec of one schema or one `@wireType` class. It is compiled once.
 * @throws {TypeError} for any other value
 */
export function codecOf(value: unknown): PlanCodec {
  const schema = asSchema(value, "codecOf()");
  let codec = bySchema.get(schema.node);
  if (codec === undefined) {
    codec = compile(describe([schema])).codecs(schema, 0);
    bySchema.set(schema.node, codec);
  }
  return codec;
}

/** A codec with a given executor, not shared. For tests that compare the executors. */
export function codecBy(executor: ExecutorName, value: unknown): PlanCodec {
  const schema = asSchema(value, "codecBy()");
  return compile(describe([schema]), executor).codecs(schema, 0);
}

/** A method with the codecs of its request and response. */
export interface MethodCodecs {
  readonly method: MethodDefinition;
  readonly request: PlanCodec;
  readonly response: PlanCodec;
}

/** The methods of a service with their codecs. All of them use one plan. */
export interface ServiceCodecs {
  readonly planId: number;
  /** Equal for two services when all their messages have the same bytes. */
  readonly fingerprint: string;
  readonly methods: readonly MethodCodecs[];
}

const byService = new WeakMap<object, ServiceCodecs>();

/** The codecs of a service, in the order of its methods. They are compiled once. */
export function serviceCodecs(service: object): ServiceCodecs {
  let codecs = byService.get(service);
  if (codecs === undefined) {
    const { plan, codecs: codec } = compile(serviceDescribed(service));
    const methods = serviceDefinition(service).methods.map((method, index) => ({
      method,
      request: codec(method.request, 2 * index),
      response: codec(method.response, 2 * index + 1),
    }));
    codecs = { planId: plan.id, fingerprint: plan.fingerprint, methods };
    byService.set(service, codecs);
  }
  return codecs;
}

/** The codec of calls without a schema. It takes any value, and gives maps with string keys as objects. */
export const jsonCodec: PlanCodec = new RootCodec(
  DYNAMIC_SCOPE,
  0,
  rootFunctions(DYNAMIC_SCOPE, JSON_SHAPE),
  null,
  false,
  () => nativeFunctions(DYNAMIC_SCOPE, JSON_SHAPE, false),
);
