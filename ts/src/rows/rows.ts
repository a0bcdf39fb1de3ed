// `rows(Schema)`: messages as rows and tables that are read in place.
//
// Owns: the public functions. A layout is asked for once for each schema. Bytes are checked once, before a view is
// returned. Errors for values that do not fit get their path here. `write.ts` writes the bytes, `reader.ts` reads them.

import { maxDecodedOf } from "../codec/single-messages.js";
import { AsterError, Code } from "../errors.js";
import { MessageWriter } from "../message.js";
import { controlCall } from "../native/index.js";
import type { DecodeOptions } from "../schema/message-types.js";
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

/** The buffer for small rows. Its content is copied before it is returned. */
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

  row(bytes: Uint8Array, options?: DecodeOptions): RowBase {
    const stable = stableBytes(bytes, "row()");
    controlCall((native) => native.rowCheck(this.#layout.planId, ROW_ROOT, stable));
    return this.#reader.view(rowBytesOf(stable, maxDecodedOf(options)), 0);
  }

  table(bytes: Uint8Array, options?: DecodeOptions): TableView {
    const stable = stableBytes(bytes, "table()");
    controlCall((native) => native.rowCheck(this.#layout.planId, TABLE_ROOT, stable));
    return new TableView(this.#reader, rowBytesOf(stable, maxDecodedOf(options)));
  }

  toObject(view: unknown): object {
    return RowBase.plain(view, this.#reader);
  }
}

/** The bytes that `write` appends to a buffer. */
function written(tag: string, write: (writer: MessageWriter) => void): Uint8Array {
  // A getter of the value may encode another row. That row then gets its own buffer.
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
 * *Shape*: a view reads a member in place when the program asks for it. Rows can hold `t.bool`, `t.int8`, `t.int16`,
 * `t.int32`, `t.int`, `t.bigint`, `t.float32`, `t.float`, `t.string`, `t.bytes`, optionals, lists, sets, maps, records
 * and messages.
 *
 * @example
 * const Sale = message("shop/Sale", { article: t.string, amountCents: t.int });
 * const sales = rows(Sale);
 * const table = sales.table(sales.encodeTable([{ article: "tea", amountCents: 250 }]));
 * const total = table.column("amountCents").toTypedArray().reduce((sum, cents) => sum + cents, 0);
 * console.log(total); // 250
 * @throws {TypeError} for a schema that a row cannot hold, with the path of that part
 */
export function rows<S>(schema: S): Rows<Infer<S>, InferInput<S>> {
  const checked = asSchema(schema, "rows()");
  let made = bySchema.get(checked.node);
  if (made === undefined) {
    made = new RowsOfMessage(checked);
    bySchema.set(checked.node, made);
  }
  // INVARIANT: a layout made from the schema S reads values of type Infer<S> and writes values of type InferInput<S>.
  return made as unknown as Rows<Infer<S>, InferInput<S>>;
}
