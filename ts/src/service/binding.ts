// A service made ready to run: its plan compiled, a codec for each request and response.
//
// Owns: that join, once for each service, and the choice of codecs for messages that lend views. Does not own:
// definitions (schema/), plans and ids (Rust), codecs (codec/). The one place where client and server learn
// what a method's messages look like.

import { type PlanCodec, serviceCodecs } from "../codec/codec.js";
import type { MessageCodec } from "../message.js";
import type { ContractFacts } from "../native/documents.js";
import { serviceOf } from "../schema/decorators.js";
import type { MethodDefinition } from "../schema/method.js";
import {
  contractFacts,
  isService,
  type Service,
  type ServiceDefinition,
  serviceDefinition,
  serviceDescribed,
  serviceDocument,
} from "../schema/service.js";
import { lendsViews } from "./views.js";

/** A method with its codecs. */
export interface BoundMethod {
  readonly definition: MethodDefinition;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  /** Root numbers in the plan. */
  readonly requestRoot: number;
  readonly responseRoot: number;
}

/** A service with everything that calls need. */
export interface BoundService {
  readonly definition: ServiceDefinition;
  readonly document: object;
  readonly contract: ContractFacts;
  /** Every request and response was declared compatible: versions of the service understand each other. */
  readonly compatible: boolean;
  /** Number of the compiled plan. */
  readonly plan: number;
  /** Equal where all messages have equal bytes. */
  readonly fingerprint: string;
  readonly methods: readonly BoundMethod[];
}

const bound = new WeakMap<object, BoundService>();

/**
 * The service that a value stands for: a service, or a class with `@service`.
 * @throws {TypeError} for anything else.
 */
export function serviceFrom(value: unknown): Service {
  if (isService(value)) return value;
  if (typeof value === "function") return serviceOf(value as never);
  throw new TypeError("a service, or a class marked with @service, is needed");
}

/** Binds a service; the binding is made once. */
export function bindService(service: Service): BoundService {
  const known = bound.get(service);
  if (known !== undefined) return known;
  const { planId, fingerprint, methods } = serviceCodecs(service);
  const roots = methods.flatMap(({ method }) => [method.request, method.response]);
  const keep = lendsViews({ types: serviceDescribed(service).types, roots }) ? keeping : itself;
  const fresh: BoundService = {
    definition: serviceDefinition(service),
    document: serviceDocument(service),
    contract: contractFacts(service),
    compatible: methods.every(
      ({ request, response }) => request.compatible !== null && response.compatible !== null,
    ),
    plan: planId,
    fingerprint,
    methods: methods.map(({ method, request, response }) => ({
      definition: method,
      requestStream: method.pattern === "clientStream" || method.pattern === "bidiStream",
      responseStream: method.pattern === "serverStream" || method.pattern === "bidiStream",
      request: keep(request),
      response: keep(response),
      requestRoot: request.root,
      responseRoot: response.root,
    })),
  };
  bound.set(service, fresh);
  return fresh;
}

/** Reads from a copy: a view into the slab would die before the handler, or the caller, has seen it. */
function keeping(codec: PlanCodec): MessageCodec {
  return {
    write: (writer, value) => codec.write(writer, value),
    read: (bytes, start, end, marked) => codec.read(bytes.slice(start, end), 0, end - start, marked),
  };
}

function itself(codec: PlanCodec): MessageCodec {
  return codec;
}
