// Values of messages as JSON, for files of recorded calls.
//
// Owns: how values that JSON does not have are written and read, and the masking of members. Does not own: the lines of
// the file (record.ts). These bytes are not those of JSON mode: a recording is made without a schema.

/** The longest chain of nested values. */
const MAX_DEPTH = 100;

const views = {
  DataView,
  Uint8ClampedArray,
  Int8Array,
  Int16Array,
  Int32Array,
  BigInt64Array,
  Uint16Array,
  Uint32Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
} as const;

const errors = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError } as const;

/** A value as JSON. The values of members and of Map entries whose name is in `masked` are replaced by neutral ones of the same type. */
export function toRecorded(value: unknown, masked: ReadonlySet<string>): unknown {
  return writtenOf(value, masked, false, []);
}

function writtenOf(
  value: unknown,
  masked: ReadonlySet<string>,
  hide: boolean,
  above: readonly unknown[],
): unknown {
  if (typeof value !== "object" || value === null) return hide ? hiddenLeaf(value) : leaf(value);
  if (above.includes(value) || above.length >= MAX_DEPTH) return { $cycle: true };
  const inside = [...above, value];
  const walk = (one: unknown, name?: unknown) =>
    writtenOf(one, masked, hide || (typeof name === "string" && masked.has(name)), inside);
  if (ArrayBuffer.isView(value)) return bytesOf(value, hide);
  if (value instanceof ArrayBuffer) return { $buffer: base64Of(value, hide) };
  if (value instanceof Date) return { $date: hide ? 0 : toRecordedTime(value) };
  if (value instanceof RegExp) return { $regexp: hide ? ["", ""] : [value.source, value.flags] };
  if (value instanceof Error) return errorOf(value, hide, walk);
  if (isBoxed(value)) return { $boxed: walk(value.valueOf()) };
  if (Array.isArray(value)) return arrayOf(value, walk);
  if (value instanceof Set) return { $set: [...value].map((one) => walk(one)) };
  if (value instanceof Map) return { $map: [...value].map(([key, one]) => [walk(key), walk(one, key)]) };
  const members = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, name)]));
  return Object.keys(members).some((name) => name.startsWith("$")) ? { $object: members } : members;
}

/** An array. One with holes, or with other members, has its length and its members, because its length costs no memory. */
function arrayOf(value: readonly unknown[], walk: (one: unknown, name?: string) => unknown): unknown {
  const names = Object.keys(value);
  if (names.length === value.length && !names.some((name) => Number.isNaN(Number(name))))
    return value.map((one) => walk(one));
  const members = names.map((name) => [name, walk((value as unknown as Members)[name], name)]);
  return { $sparse: { length: value.length, members } };
}

type Members = Readonly<Record<string, unknown>>;

function errorOf(error: Error, hide: boolean, walk: (one: unknown, name?: string) => unknown): unknown {
  const name = Object.hasOwn(errors, error.name) ? error.name : "Error";
  const cause = "cause" in error ? { cause: walk(error.cause, "cause") } : {};
  return { $error: { name, message: hide ? "***" : error.message, ...cause } };
}

function isBoxed(value: object): boolean {
  return (
    value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt
  );
}

/** The time of a date. JSON has no NaN, which is the time of an invalid date. */
function toRecordedTime(date: Date): number | null {
  return Number.isNaN(date.getTime()) ? null : date.getTime();
}

function leaf(value: unknown): unknown {
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (value === undefined) return { $undefined: true };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
  return value;
}

function hiddenLeaf(value: unknown): unknown {
  if (typeof value === "string") return "***";
  if (typeof value === "number") return 0;
  if (typeof value === "bigint") return { $bigint: "0" };
  return typeof value === "boolean" ? false : leaf(value);
}

function bytesOf(view: ArrayBufferView, hide: boolean): unknown {
  const bytes = hide ? "" : Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64");
  const kind = Object.keys(views).find((name) => view instanceof views[name as keyof typeof views]);
  return kind === undefined ? { $bytes: bytes } : { $bytes: bytes, $kind: kind };
}

function base64Of(buffer: ArrayBuffer, hide: boolean): string {
  return hide ? "" : Buffer.from(buffer).toString("base64");
}

/** The value that was written. @throws {TypeError} for a value with a cycle, which a recording cannot keep */
export function fromRecorded(written: unknown): unknown {
  if (typeof written !== "object" || written === null) return written;
  if (Array.isArray(written)) return written.map(fromRecorded);
  const facts = written as Readonly<Record<string, unknown>>;
  if ("$cycle" in facts) throw new TypeError("a value with a cycle, or nested too deep, cannot be replayed");
  if ("$bigint" in facts) return BigInt(String(facts.$bigint));
  if ("$undefined" in facts) return undefined;
  if ("$number" in facts) return Number(facts.$number);
  if ("$date" in facts) return new Date(facts.$date === null ? Number.NaN : Number(facts.$date));
  if ("$regexp" in facts) return new RegExp(...(facts.$regexp as [string, string]));
  if ("$error" in facts) return errorFrom(facts.$error as RecordedError);
  if ("$boxed" in facts) return Object(fromRecorded(facts.$boxed));
  if ("$buffer" in facts) return new Uint8Array(Buffer.from(String(facts.$buffer), "base64")).buffer;
  if ("$sparse" in facts) return sparseFrom(facts.$sparse as RecordedArray);
  if ("$bytes" in facts) return viewOf(String(facts.$bytes), facts.$kind);
  if ("$set" in facts) return new Set((facts.$set as unknown[]).map(fromRecorded));
  if ("$map" in facts)
    return new Map(
      (facts.$map as [unknown, unknown][]).map(([key, one]) => [fromRecorded(key), fromRecorded(one)]),
    );
  const members = "$object" in facts ? (facts.$object as Readonly<Record<string, unknown>>) : facts;
  return Object.fromEntries(Object.entries(members).map(([name, one]) => [name, fromRecorded(one)]));
}

interface RecordedError {
  readonly name: string;
  readonly message: string;
  readonly cause?: unknown;
}

function errorFrom({ name, message, ...rest }: RecordedError): Error {
  const known = Object.hasOwn(errors, name) ? errors[name as keyof typeof errors] : Error;
  return new known(message, "cause" in rest ? { cause: fromRecorded(rest.cause) } : {});
}

interface RecordedArray {
  readonly length: number;
  readonly members: readonly (readonly [string, unknown])[];
}

function sparseFrom({ length, members }: RecordedArray): unknown[] {
  const array: unknown[] = [];
  array.length = length;
  for (const [name, one] of members) {
    Object.defineProperty(array, name, {
      value: fromRecorded(one),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return array;
}

function viewOf(base64: string, kind: unknown): ArrayBufferView {
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));
  if (typeof kind !== "string" || !Object.hasOwn(views, kind)) return bytes;
  const View = views[kind as keyof typeof views] as new (buffer: ArrayBuffer) => ArrayBufferView;
  return new View(bytes.buffer);
}

/** A text that is equal for equal values, whatever the order of their members. */
export function canonical(written: unknown): string {
  return JSON.stringify(written, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
