// `rows(Schema)`: messages as rows and tables that are read in place.
//
// Owns: the entry: layouts are asked for once a schema, bytes are checked once before a view is handed out, and
// what does not fit gets its path. Bytes are written in `write.ts` and read in `reader.ts`.

import { AsterError, Code } from "../errors.js";
import { MessageWriter } from "../message.js";
import { controlCall } from "../native/index.js";
import { asSchema, type SchemaObject } from "../schema/schema.js";
import type { Infer, InferInput } from "../schema/types.js";
import { Misfit, textOfPath } from "../schema/validate.js";
import { type Layout, layoutOf, ROW_ROOT, TABLE_ROOT } from "./layout.js";
import { rootReader } from "./reader.js";
import { rowBytesOf, stableBytes } from "./row-bytes.js";
import { type MessageReader, RowBase } from "./row-view.js";
import { TableView } from "./table.js";
import type { Rows } from "./types.js";
import { rowWriter, tableWriter, type WritePart } from "./write.js";

/** The buffer that small rows are written to again and again; its content is copied out. */
const scratch = new MessageWriter(1024);
const KEPT_BYTES = 1 << 20;
let writing = false;

class RowsOfMessage {
  readonly #layout: Layout;
  readonly #reader: MessageReader;
  readonly #row: WritePart;
  readonly #table: (writer: MessageWriter, rows: readonly unknown[]) => void;

  constructor(schema: SchemaObject) {
    this.#layout = layoutOf(schema);
    this.#reader = rootReader(schema, this.#layout.fields);
    this.#row = rowWriter(schema, this.#layout.fields);
    this.#table = tableWriter(this.#row);
  }

  get #tag(): string {
    return this.#reader.definition.tag;
  }

  get schemaBytes(): Uint8Array {
    return Uint8Array.from(Buffer.from(this.#layout.schema, "hex"));
  }

  encode(value: unknown): Uint8Array {
    return written(this.#tag, (writer) => this.#row(writer, value));
  }

  encodeTable(values: Iterable<unknown>): Uint8Array {
    const rows = Array.isArray(values) ? (values as unknown[]) : [...values];
    return written(this.#tag, (writer) => this.#table(writer, rows));
  }

  row(bytes: Uint8Array): RowBase {
    const stable = stableBytes(bytes, "row()");
    controlCall((native) => native.rowCheck(this.#layout.planId, ROW_ROOT, stable));
    return this.#reader.view(rowBytesOf(stable), 0);
  }

  table(bytes: Uint8Array): TableView {
    const stable = stableBytes(bytes, "table()");
    controlCall((native) => native.rowCheck(this.#layout.planId, TABLE_ROOT, stable));
    return new TableView(this.#reader, rowBytesOf(stable));
  }

  toObject(view: unknown): object {
    return RowBase.plain(view, this.#reader);
  }
}

/** The bytes that `write` appends. */
function written(tag: string, write: (writer: MessageWriter) => void): Uint8Array {
  // A member of the value may be a getter that encodes on its own.
  const writer = writing ? new MessageWriter(1024) : scratch;
  const outer = writing;
  writing = true;
  writer.pos = 0;
  try {
    write(writer);
    return writer.buf.slice(0, writer.pos);
  } catch (error) {
    throw error instanceof Misfit ? misfit(tag, error) : error;
  } finally {
    writing = outer;
    writer.pos = 0;
    if (writer.buf.length > KEPT_BYTES) writer.resize(1024);
  }
}

function misfit(tag: string, { message, path }: Misfit): AsterError {
  const where = textOfPath(path);
  const details: Record<string, string> = where === "" ? {} : { path: where };
  const init = { isLocal: true, reason: "VALUE_MISFIT", details } as const;
  return new AsterError(Code.INVALID_ARGUMENT, `${tag}${where && ` at ${where}`}: ${message}`, init);
}

const bySchema = new WeakMap<object, RowsOfMessage>();

/**
 * Rows and tables of a message, in Fory's row layout.
 *
 * *Shape*: a view reads members in place, each when it is asked for. `t.bool`, `t.int8`, `t.int16`, `t.int32`, `t.int`, `t.bigint`,
 * `t.float32`, `t.float`, `t.string`, `t.bytes`, optionals, lists, sets, maps, records and messages have a place in rows.
 *
 * @example
 * const invoices = rows(Invoice);
 * const table = invoices.table(invoices.encodeTable(values));
 * const total = table.column("amountCents").toTypedArray().reduce((sum, cents) => sum + cents, 0);
 * @throws {TypeError} for a schema that has no row, with the path of what has none
 */
export function rows<S>(schema: S): Rows<Infer<S>, InferInput<S>> {
  const checked = asSchema(schema, "rows()");
  let made = bySchema.get(checked.node);
  if (made === undefined) {
    made = new RowsOfMessage(checked);
    bySchema.set(checked.node, made);
  }
  // INVARIANT: a layout of the schema of S reads and writes exactly what Infer and InferInput say of S.
  return made as unknown as Rows<Infer<S>, InferInput<S>>;
}
