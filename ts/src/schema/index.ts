// Exports of the schema layer.

export { allOf, anyOf, type Capability } from "./capability.js";
export { field, rpc, service, serviceOf, wireType } from "./decorators.js";
export { EnumMember } from "./enum-member.js";
export type { JsonSchema } from "./json-schema.js";
export { type MessageOptions, message } from "./message.js";
export { messageOf } from "./message-class.js";
export type {
  DecodeOptions,
  Fields,
  FieldsInput,
  Message,
  MessageMembers,
  MessageValue,
  SchemaFields,
} from "./message-types.js";
export {
  type Answer,
  type AnyMethod,
  bidiStream,
  clientStream,
  type MethodOf,
  type MethodOptions,
  type Pattern,
  type SingleAnswerOptions,
  serverStream,
  unary,
} from "./method.js";
export { type AsFloat, asFloat, PlainDate } from "./plain-values.js";
export type { MethodTable, Mode, Service, ServiceOptions, SessionService } from "./service.js";
export { type Builders, t } from "./t.js";
export type {
  AnySchema,
  AnyValue,
  Constructs,
  ExtensionCoder,
  Infer,
  InferInput,
  Omittable,
  OwnBytes,
  Schema,
  StandardIssue,
  StandardProps,
  StandardResult,
  StandardSchema,
  T,
  TypedSchema,
} from "./types.js";
