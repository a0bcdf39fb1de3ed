// A service prepared for calls: its compiled plan, and a codec for each request and response.
//
// Owns: that preparation, once for each service, and the choice of codecs for messages with `t.bytes.view`. Does not own:
// definitions (schema/), plans and ids (Rust), codecs (codec/). Client and server both get the codecs of a method here.

import { type PlanCodec, serviceCodecs } from "../codec/codec.js";
import type { CallCodecs, MessageCodec } from "../message.js";
import type { ContractFacts } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import { otherCopy } from "../schema/copies.js";
import { serviceOf, undecoratedMethods } from "../schema/decorators.js";
import type { MethodDefinition } from "../schema/method.js";
import type { SchemaObject } from "../schema/schema.js";
import {
  contractFacts,
  isNativeOnly,
  isService,
  type Service,
  type ServiceDefinition,
  serviceDefinition,
  serviceDescribed,
  serviceDocument,
  serviceDocumentText,
} from "../schema/service.js";
import { hasValidator, lendsViews } from "./contained.js";

/** The codecs of a method in NATIVE mode. */
export interface NativeCodecs {
  readonly request: MessageCodec;
  readonly response: MessageCodec;
}

/** A method with its codecs. */
export interface BoundMethod {
  readonly definition: MethodDefinition;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  /** The codecs of NATIVE mode. Null when the service does not list the mode. */
  readonly native: NativeCodecs | null;
  /** The codecs for interceptors. */
  readonly tools: CallCodecs;
  /** The indexes of the roots in the plan. */
  readonly requestRoot: number;
  readonly responseRoot: number;
}

/** A service with everything that calls need. */
export interface BoundService {
  readonly definition: ServiceDefinition;
  readonly document: object;
  readonly documentText: string;
  readonly contract: ContractFacts;
  /** True when every request and response was declared compatible. Then versions of the service can read each other. */
  readonly compatible: boolean;
  /** The number of the compiled plan. */
  readonly plan: number;
  /** Equal for two services when all their messages have the same bytes. */
  readonly fingerprint: string;
  /** The number of the agreement with which clients check the announced service. Registered at the first use. */
  readonly agreement: () => number;
  readonly methods: readonly BoundMethod[];
  /** Names of methods of a service class that clients cannot call. */
  readonly undecorated: readonly string[];
}

const bound = new WeakMap<object, BoundService>();

/**
 * The service of a value, which is a service or a class with `@service`.
 * @throws {TypeError} for any other value
 */
export function serviceFrom(value: unknown): Service {
  if (isService(value)) return value;
  const copy = otherCopy(value);
  if (copy !== null) throw new TypeError(`the service ${copy}`);
  if (typeof value === "function") return serviceOf(value as never);
  throw new TypeError("a service or a class with @service is required");
}

/** Prepares a service. This is done once for each service. */
export function bindService(service: Service): BoundService {
  const known = bound.get(service);
  if (known !== undefined) return known;
  const { planId, fingerprint, methods } = serviceCodecs(service);
  const roots = methods.flatMap(({ method }) => [method.request, method.response]);
  const { types } = serviceDescribed(service);
  const keep = lendsViews({ types, roots }) ? keeping : itself;
  const hasValidatedTypes = hasValidator({ types, roots: [] });
  const validated = (root: SchemaObject): boolean =>
    hasValidatedTypes || hasValidator({ types: [], roots: [root] });
  const definition = serviceDefinition(service);
  const documentText = serviceDocumentText(service);
  const compatible = methods.every(
    ({ request, response }) => request.compatible !== null && response.compatible !== null,
  );
  const { name, version, modes } = definition;
  const native = modes.includes("native");
  // XLANG cannot hold values of `t.js` at the root, but a service with them takes calls of no other mode.
  const tool = (codec: PlanCodec): MessageCodec => (isNativeOnly(modes) ? codec.native : codec);
  let agreement: number | null = null;
  const fresh: BoundService = {
    definition,
    get document() {
      return serviceDocument(service);
    },
    documentText,
    contract: contractFacts(service),
    compatible,
    agreement: () => {
      agreement ??= controlCall((native) =>
        native.agreementRegister(name, version, documentText, compatible ? fingerprint : null),
      );
      return agreement;
    },
    plan: planId,
    fingerprint,
    methods: methods.map(({ method, request, response }) => ({
      definition: method,
      requestStream: method.pattern === "clientStream" || method.pattern === "bidiStream",
      responseStream: method.pattern === "serverStream" || method.pattern === "bidiStream",
      request: keep(request),
      response: keep(response),
      native: native ? { request: keep(request.native), response: keep(response.native) } : null,
      tools: {
        request: validated(method.request) ? null : tool(request),
        response: validated(method.response) ? null : tool(response),
      },
      requestRoot: request.root,
      responseRoot: response.root,
    })),
    undecorated: undecoratedMethods(service),
  };
  bound.set(service, fresh);
  return fresh;
}

/** Reads from a copy. A view into the slab would become invalid before the handler or the caller uses it. */
function keeping(codec: MessageCodec): MessageCodec {
  return {
    write: (writer, value) => codec.write(writer, value),
    read: (bytes, start, end, presenceFlagged, maxDecoded) =>
      codec.read(bytes.slice(start, end), 0, end - start, presenceFlagged, maxDecoded),
  };
}

function itself(codec: MessageCodec): MessageCodec {
  return codec;
}
