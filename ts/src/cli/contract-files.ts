// Contract files: reading and writing manifests and exported contracts.
//
// Owns: the members that the commands need, the text of a manifest, and atomic writing. Does not own: the content of a
// manifest (Rust), and the comparison of two manifests.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TypeWord } from "../schema/descriptor.js";
import { CommandError } from "./command.js";

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
  readonly deprecated?: boolean;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads the contracts of a file. @throws {CommandError} with the file and the reason */
export function readContracts(file: string): readonly Manifest[] {
  let value: unknown;
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw new Error(`the file has ${size} bytes, but at most ${MAX_BYTES} are allowed`);
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file}: ${code === "ENOENT" ? "no such file" : message}`);
  }
  const documents = Array.isArray(value) ? value : [value];
  if (documents.length === 0) throw new CommandError(`${file}: the file contains no contract`);
  return documents.map((document, index) => readContract(document, `${file}[${index}]`));
}

function readContract(document: unknown, where: string): Manifest {
  const fail = (problem: string): never => {
    throw new CommandError(`${where}: ${problem}`);
  };
  if (typeof document !== "object" || document === null) return fail("a contract must be a JSON object");
  const manifest = document as Manifest;
  const { service, version, contract_id: id, methods } = manifest;
  if (typeof service !== "string" || service === "") fail("service must be a name");
  if (!Number.isSafeInteger(version) || version < 1) fail("version must be a positive integer");
  if (typeof id !== "string" || !/^(blake3:)?[0-9a-f]{64}$/.test(id))
    fail("contract_id must be 64 hexadecimal digits");
  if (!Array.isArray(methods)) fail("methods must be an array");
  for (const [at, method] of methods.entries()) {
    if (typeof method?.name !== "string" || typeof method.pattern !== "string")
      fail(`methods[${at}] has no name or pattern`);
  }
  return { ...manifest, contract_id: id.replace(/^blake3:/, "") };
}

/** Finds the contract with a name and version. @throws {CommandError} with the names that the file contains */
export function pick(contracts: readonly Manifest[], wanted: Manifest, file: string): Manifest {
  const named = contracts.filter(({ service }) => service === wanted.service);
  const found = named.find(({ version }) => version === wanted.version) ?? named[0];
  if (found !== undefined) return found;
  const there = contracts.map(({ service, version }) => `${service} v${version}`).join(", ");
  throw new CommandError(`${file}: there is no ${wanted.service}; the file contains ${there}`);
}

/** The text of a manifest as Python writes it: indented by 2, ASCII only, floats always with a decimal point. */
export function manifestText(manifests: unknown): string {
  const mark = "\u0001float:";
  const text = JSON.stringify(
    manifests,
    (_, value: unknown) => {
      const { kind, default_value: number } = (value ?? {}) as ManifestField;
      if (kind !== "float" || !Number.isInteger(number) || Math.abs(number as number) >= 1e16) return value;
      const sign = Object.is(number, -0) ? "-" : "";
      return { ...(value as ManifestField), default_value: `${mark}${sign}${number}.0` };
    },
    2,
  );
  return text
    .replace(/"\\u0001float:(-?\d+\.0)"/g, "$1")
    .replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes a file completely or not at all, and makes the folders above it. */
export function writeWhole(file: string, text: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CommandError(`${file}: ${(error as Error).message}`);
  }
}
