// Contract files: manifests and exported contracts, read and written.
//
// Owns: their members as the commands need them, the text of a manifest, atomic writing. Does not own: what a
// manifest says (Rust) and how two compare.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TypeWord } from "../schema/descriptor.js";
import { CommandError } from "./command.js";

/** A type of a manifest's schema, as `docs/plan.md` has it. */
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
    };

/** A field in the words of a manifest. */
export interface ToldField {
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

/** A method in a manifest. */
export interface ToldMethod {
  readonly name: string;
  readonly pattern: "unary" | "server_stream" | "client_stream" | "bidi_stream";
  readonly request_type: string;
  readonly response_type: string;
  readonly request_wire_tag: string;
  readonly response_wire_tag: string;
  readonly timeout: number | null;
  readonly idempotent: boolean;
  readonly fields: readonly ToldField[];
  readonly response_fields: readonly ToldField[];
  /** The descriptor whose roots are request and response: what makes a manifest complete. */
  readonly schema?: { readonly types: readonly DescribedType[]; readonly roots: readonly TypeWord[] };
  readonly defaults?: readonly Readonly<Record<string, unknown>>[];
}

/** A manifest, or an exported contract, which has the same members and a few less. */
export interface Manifest {
  readonly service: string;
  readonly version: number;
  /** 64 hexadecimal digits, without the prefix of an exported contract. */
  readonly contract_id: string;
  readonly canonical_encoding?: string;
  readonly scoped: string;
  readonly serialization_modes: readonly (string | number)[];
  readonly methods: readonly ToldMethod[];
  readonly type_hashes?: readonly string[];
  readonly type_count?: number;
  readonly method_count?: number;
  readonly semver?: string | null;
  readonly deprecated?: boolean;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads the contracts of a file. @throws {CommandError} naming the file and what is wrong with it */
export function readContracts(file: string): readonly Manifest[] {
  let value: unknown;
  try {
    if (statSync(file).size > MAX_BYTES) throw new Error(`longer than ${MAX_BYTES} bytes`);
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file}: ${code === "ENOENT" ? "no such file" : message}`);
  }
  const documents = Array.isArray(value) ? value : [value];
  if (documents.length === 0) throw new CommandError(`${file}: no contract in it`);
  return documents.map((document, index) => readContract(document, `${file}[${index}]`));
}

function readContract(document: unknown, place: string): Manifest {
  const fail = (problem: string): never => {
    throw new CommandError(`${place}: ${problem}`);
  };
  if (typeof document !== "object" || document === null) return fail("a contract is a JSON object");
  const manifest = document as Manifest;
  const { service, version, contract_id: id, methods } = manifest;
  if (typeof service !== "string" || service === "") fail("no service name");
  if (!Number.isSafeInteger(version) || version < 1) fail("no version");
  if (typeof id !== "string" || !/^(blake3:)?[0-9a-f]{64}$/.test(id)) fail("no contract_id of 64 hex digits");
  if (!Array.isArray(methods)) fail("no methods");
  for (const [at, method] of methods.entries()) {
    if (typeof method?.name !== "string" || typeof method.pattern !== "string")
      fail(`methods[${at}] has no name or pattern`);
  }
  return { ...manifest, contract_id: id.replace(/^blake3:/, "") };
}

/** The one contract of a name and version. @throws {CommandError} naming what is there when it is not */
export function pick(contracts: readonly Manifest[], wanted: Manifest, file: string): Manifest {
  const named = contracts.filter(({ service }) => service === wanted.service);
  const found = named.find(({ version }) => version === wanted.version) ?? named[0];
  if (found !== undefined) return found;
  const there = contracts.map(({ service, version }) => `${service} v${version}`).join(", ");
  throw new CommandError(`${file}: has no ${wanted.service}; it has ${there}`);
}

/** The text of a manifest as Python writes it: indented by 2, ASCII, floats with their point. */
export function manifestText(manifests: unknown): string {
  const mark = "\u0001float:";
  const text = JSON.stringify(
    manifests,
    (_, value: unknown) => {
      const { kind, default_value: number } = (value ?? {}) as ToldField;
      if (kind !== "float" || !Number.isInteger(number) || Math.abs(number as number) >= 1e16) return value;
      const sign = Object.is(number, -0) ? "-" : "";
      return { ...(value as ToldField), default_value: `${mark}${sign}${number}.0` };
    },
    2,
  );
  return text
    .replace(/"\\u0001float:(-?\d+\.0)"/g, "$1")
    .replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes a file whole or not at all, with the folders above it. */
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
