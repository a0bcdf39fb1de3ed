// The members of a manifest that this package reads: what a tool or a peer says of a service.
//
// Owns: these types. Does not own: writing manifests (Rust), and what follows from one (complete-contract.ts).

import type { TypeWord } from "../schema/descriptor.js";

/** A type in the schema of a manifest (`docs/plan.md`). */
export type DescribedType =
  | {
      readonly kind: "message";
      readonly tag: string;
      readonly namespace: string;
      readonly name: string;
      readonly pythonModule?: string | null;
      readonly qualname?: string | null;
      readonly refs?: boolean;
      readonly compatible?: boolean;
      readonly fields: readonly {
        readonly name: string;
        readonly type: TypeWord;
        /** The type as it was declared in TypeScript, where the word is not enough. */
        readonly declared?: TypeWord;
        readonly default?: boolean;
      }[];
    }
  | {
      readonly kind: "enum";
      readonly tag: string;
      readonly namespace: string;
      readonly name: string;
      readonly members: readonly string[];
      readonly json?: readonly (string | number)[];
    }
  | { readonly kind: "ext"; readonly tag: string; readonly namespace: string; readonly name: string };

/** A field as a manifest describes it. */
export interface ManifestField {
  readonly name: string;
  readonly kind: string;
  readonly nullable?: boolean;
  readonly default_value?: unknown;
  readonly default_kind?: string;
  readonly ref_name?: string;
  readonly wire_tag?: string;
  readonly enum_values?: readonly (string | number)[];
  readonly item_kind?: string;
  readonly item_ref?: string;
  readonly item_wire_tag?: string;
  readonly item_nullable?: boolean;
  readonly key_kind?: string;
  readonly value_kind?: string;
  readonly value_ref?: string;
  readonly value_nullable?: boolean;
}

/** A method as a manifest describes it. */
export interface ManifestMethod {
  readonly name: string;
  readonly pattern: "unary" | "server_stream" | "client_stream" | "bidi_stream";
  readonly request_type: string;
  readonly response_type: string;
  readonly request_wire_tag: string;
  readonly response_wire_tag: string;
  readonly timeout: number | null;
  readonly idempotent: boolean;
  readonly fields: readonly ManifestField[];
  readonly response_fields: readonly ManifestField[];
  /** The descriptor of request and response. With it, the manifest contains every type exactly. */
  readonly schema?: { readonly types: readonly DescribedType[]; readonly roots: readonly TypeWord[] };
  readonly defaults?: readonly Readonly<Record<string, unknown>>[];
  /** Beside `types` of the manifest: whether they tell every type of this method exactly. */
  readonly exact_types?: boolean;
}

/** A manifest. An exported contract has the same members, except a few. */
export interface Manifest {
  readonly service: string;
  readonly version: number;
  /** 64 hexadecimal digits, without the prefix of an exported contract. */
  readonly contract_id: string;
  readonly canonical_encoding?: string;
  readonly scoped: string;
  readonly serialization_modes: readonly (string | number)[];
  readonly methods: readonly ManifestMethod[];
  readonly type_hashes?: readonly string[];
  readonly type_count?: number;
  readonly method_count?: number;
  readonly semver?: string | null;
  /** All messages of the contract, from its published type definitions. Methods then need no `schema`. */
  readonly types?: readonly DescribedType[];
  readonly deprecated?: boolean;
}
