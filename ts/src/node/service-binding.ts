// A service definition made ready to run: plan compiled, a codec for each request and response.
//
// Owns: that join, cached for each service. Does not own: definitions (schema/), plans and ids (Rust), codecs
// (codec/). The one place where client and server learn what a method's messages look like.

import { type RootCodec, rootCodecs } from "../codec/index.js";
import { type ContractFacts, contractForms } from "../schema/backend.js";
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

export { contractForms };

/** A method with its codecs. */
export interface BoundMethod {
  readonly definition: MethodDefinition;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: RootCodec;
  readonly response: RootCodec;
  /** Root numbers in the plan. */
  readonly requestRoot: number;
  readonly responseRoot: number;
}

/** A service with everything that calls need. */
export interface BoundService {
  readonly definition: ServiceDefinition;
  readonly document: object;
  readonly contract: ContractFacts;
  /** Number of the compiled plan. */
  readonly plan: number;
  readonly methods: readonly BoundMethod[];
}

const bound = new WeakMap<object, BoundService>();

/**
 * The service that a value stands for: a service, or a class with `@service`.
 * @throws {TypeError} for anything else.
 */
export function serviceFrom(value: unknown): Service {
  if (isService(value)) return value;
  return serviceOf(value as never) as Service;
}

/** Binds a service; later calls for the same service return the same binding. */
export function bindService(service: Service): BoundService {
  const known = bound.get(service);
  if (known !== undefined) return known;
  const definition = serviceDefinition(service);
  const { plan, codecs } = rootCodecs(serviceDescribed(service), definition.methods.flatMap((method) => [method.request, method.response]));
  const methods = definition.methods.map((method, index) => ({
    definition: method,
    requestStream: method.pattern === "clientStream" || method.pattern === "bidiStream",
    responseStream: method.pattern === "serverStream" || method.pattern === "bidiStream",
    request: codecs[2 * index] as RootCodec,
    response: codecs[2 * index + 1] as RootCodec,
    requestRoot: 2 * index,
    responseRoot: 2 * index + 1,
  }));
  const fresh = { definition, document: serviceDocument(service), contract: contractFacts(service), plan, methods };
  bound.set(service, fresh);
  return fresh;
}
