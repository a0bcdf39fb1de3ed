// Table of contents of the schema layer: what the package exports of it.

export type { ContractFacts } from "../native/documents.js";
export { messageOf } from "./brand.js";
export { allOf, anyOf, type Capability } from "./capability.js";
export { field, rpc, service, serviceOf, wireType } from "./decorators.js";
export { EnumMember } from "./enum-member.js";
export type { JsonSchema } from "./json-schema.js";
export { type MessageOptions, message } from "./message.js";
export {
  bidiStream,
  clientStream,
  type MethodDecorator,
  type MethodOf,
  type MethodOptions,
  type Pattern,
  type SingleAnswerOptions,
  serverStream,
  unary,
} from "./method.js";
export { type AsFloat, asFloat, PlainDate } from "./plain-values.js";
export type { MethodTable, Mode, Service, ServiceOptions } from "./service.js";
export { type Builders, t } from "./t.js";
export type {
  AnyValue,
  BytesSchema,
  Defaultable,
  Defaulted,
  EnumOf,
  ExtensionCoder,
  ExtensionOf,
  Infer,
  InferInput,
  ListOf,
  MapOf,
  Message,
  MessageMembers,
  MessageOf,
  Omittable,
  OptionalOf,
  RecordOf,
  RefOf,
  Scalar,
  Schema,
  SetOf,
  SharedOf,
  StandardIssue,
  StandardProps,
  T,
  TypedSchema,
  UnionOf,
} from "./types.js";
