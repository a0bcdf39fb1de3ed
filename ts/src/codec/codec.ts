// Codecs: a root type with its plan, as the rest of the package uses it.
//
// Owns: the codecs of single schemas and of whole services, the entry and exit of writing and reading, and the
// errors that users see. Does not own: what stands in a payload (`root.ts` and below), or any transport.

import { AsterError, Code } from "../errors.js";
import type { MessageCodec, MessageWriter } from "../message.js";
import { type Described, describe } from "../schema/descriptor.js";
import type { ExtensionDefinition } from "../schema/extension-coder.js";
import type { MethodDefinition } from "../schema/method.js";
import { asSchema, type SchemaObject } from "../schema/schema.js";
import { serviceDefinition, serviceDescribed } from "../schema/service.js";
import { conform, Misfit, textOfPath } from "../schema/validate.js";
import { DescribedCodec } from "./described.js";
import { type ExecutorName, installExecutor } from "./executor.js";
import { compilePlan, type Plan } from "./plan.js";
import { Reader } from "./reader.js";
import { Malformed, Refusal } from "./refusal.js";
import { type RootForm, rootOf } from "./root.js";
import { DYNAMIC_SCOPE, JSON_SHAPE, type Scope, scopeOf, shapeOf } from "./shape.js";
import { beginWriting, writing } from "./writing.js";

/** A codec that knows where its root stands in a compiled plan, so that Rust can transcode to and from JSON. */
export interface PlanCodec extends MessageCodec {
  readonly planId: number;
  readonly root: number;
  /**
   * The same root as messages that describe their fields, for peers that agreed on compatible mode; null unless the
   * message at the root was declared compatible. The codec itself reads and writes plain XLANG in any case.
   */
  readonly described: MessageCodec | null;
}

/** The reader that is used again and again; a default that decodes on its own gets another one. */
const sharedReader = new Reader();
let readerBusy = false;

class RootCodec implements PlanCodec {
  readonly planId: number;
  readonly root: number;
  readonly label: string;
  readonly described: MessageCodec | null;
  readonly #form: RootForm;
  readonly #schema: SchemaObject | null;

  readonly #extensions: readonly ExtensionDefinition[];

  constructor(scope: Scope, root: number, form: RootForm, schema: SchemaObject | null, compatible: boolean) {
    this.planId = scope.planId;
    this.root = root;
    this.#extensions = scope.extensions.map(({ definition }) => definition);
    this.#form = form;
    this.#schema = schema;
    this.label = form.label;
    this.described = compatible ? new DescribedCodec(this) : null;
  }

  write(writer: MessageWriter, value: unknown): void {
    if (writing.busy) throw this.#misfit("a member that encoding reads must not encode on its own", "");
    const start = writer.pos;
    beginWriting();
    try {
      this.#form.write(writer, value);
    } catch (error) {
      writer.pos = start;
      throw this.#explain(error, value);
    } finally {
      writing.busy = false;
    }
  }

  read(bytes: Uint8Array, start: number, end: number, marked: boolean): unknown {
    const reader = readerBusy ? new Reader() : sharedReader;
    const outer = readerBusy;
    readerBusy = true;
    try {
      reader.begin(bytes, start, end);
      const value = marked ? this.#form.readMarked(reader) : this.#form.read(reader);
      if (reader.pos !== end) reader.fail(`${end - reader.pos} bytes follow the message`);
      return value;
    } catch (error) {
      throw this.#unread(error, marked);
    } finally {
      readerBusy = outer;
    }
  }

  /** The executors only say no; the validator finds the place. */
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

  /** Marked XLANG was made by us of something else: an offset in it tells nobody anything. */
  #unread(error: unknown, marked: boolean): unknown {
    if (error instanceof Malformed) {
      const text = `${this.label}${marked ? "" : ` at byte ${error.offset}`}: ${error.message}`;
      const facts = { isLocal: true, reason: error.reason };
      const { cause } = error;
      return new AsterError(Code.INVALID_ARGUMENT, text, cause === undefined ? facts : { ...facts, cause });
    }
    // Nothing but a default is checked against a schema here, and a default is ours, not the peer's.
    if (!(error instanceof Misfit)) return error;
    const text = `${this.label}: a default does not fit: ${error.message}`;
    return new AsterError(Code.INTERNAL, text, { isLocal: true, reason: "BAD_DEFAULT" });
  }
}

/** The plan of described types and the codecs of its roots. */
function compile(described: Described, executor?: ExecutorName): { plan: Plan; codecs: Codecs } {
  const plan = compilePlan(described.descriptor);
  // One scope for the roots that track references and one for the others, each made when a root needs it.
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
    const node = plan.roots[root];
    const scope = scopeFor(node?.refs === true);
    const form = rootOf(scope, shapeOf(scope, schema, node));
    return new RootCodec(scope, root, form, schema, node?.compatible === true);
  };
  return { plan, codecs: codec };
}

type Codecs = (schema: SchemaObject, root: number) => PlanCodec;

const bySchema = new WeakMap<object, PlanCodec>();

/**
 * The codec of a schema or a `@wireType` class alone; compiled once.
 * @throws {TypeError} for anything else
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

/** A codec with an executor of one's own choice, never shared: for tests that compare the two. */
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

/** A service's methods with their codecs: one plan for all of them. */
export interface ServiceCodecs {
  readonly planId: number;
  /** Equal where all messages have equal bytes. */
  readonly fingerprint: string;
  readonly methods: readonly MethodCodecs[];
}

const byService = new WeakMap<object, ServiceCodecs>();

/** The codecs of a service, in the order of its methods; compiled once. */
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

/** The codec of calls without a schema: root 0 of plan 0, any value, maps with string keys as objects. */
export const jsonCodec: PlanCodec = new RootCodec(
  DYNAMIC_SCOPE,
  0,
  rootOf(DYNAMIC_SCOPE, JSON_SHAPE),
  null,
  false,
);
