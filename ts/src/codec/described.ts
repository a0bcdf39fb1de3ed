// Messages in compatible mode: each describes its fields, so that both sides may have other versions of them.
//
// Owns: the step between plain or marked XLANG, which executors write and read, and what a peer takes and sends.
// Rust makes that step (`docs/plan.md#compatible-mode`); nothing here knows a description.

import { AsterError, Code } from "../errors.js";
import type { MessageCodec, MessageWriter } from "../message.js";
import { controlCall } from "../native/index.js";

/** Of the header of a payload: it holds no value. */
const NULL_BIT = 1;

/** The codec whose plain form is described, and where its root stands. */
export interface Plain extends MessageCodec {
  readonly planId: number;
  readonly root: number;
  /** What the root is called in errors. */
  readonly label: string;
}

/** The described form of a root that was declared compatible. */
export class DescribedCodec implements MessageCodec {
  readonly #plain: Plain;

  constructor(plain: Plain) {
    this.#plain = plain;
  }

  write(writer: MessageWriter, value: unknown): void {
    const start = writer.pos;
    const { planId, root } = this.#plain;
    this.#plain.write(writer, value);
    const plain = writer.buf.subarray(start, writer.pos);
    writer.pos = start;
    const wire = this.#step("VALUE_MISFIT", () =>
      controlCall((native) => native.planToWire(planId, root, plain)),
    );
    writer.ensure(wire.length);
    writer.buf.set(wire, start);
    writer.pos = start + wire.length;
  }

  read(bytes: Uint8Array, start: number, end: number, marked: boolean): unknown {
    // Marked XLANG is behind the step already; a null describes nothing.
    if (marked || (start < end && ((bytes[start] ?? 0) & NULL_BIT) !== 0))
      return this.#plain.read(bytes, start, end, marked);
    const { planId, root } = this.#plain;
    const wire = bytes.subarray(start, end);
    const xlang = this.#step("MALFORMED_MESSAGE", () =>
      controlCall((native) => native.planFromWire(planId, root, wire)),
    );
    return this.#plain.read(xlang, 0, xlang.length, true);
  }

  /** Errors of Rust begin with the path; which limit or rule was broken is the same to users. */
  #step(reason: string, run: () => Uint8Array): Uint8Array {
    try {
      return run();
    } catch (error) {
      const { code, rawMessage } = AsterError.from(error);
      if (code !== Code.INVALID_ARGUMENT && code !== Code.RESOURCE_EXHAUSTED) throw error;
      const text = `${this.#plain.label}: ${rawMessage}`;
      throw new AsterError(Code.INVALID_ARGUMENT, text, { isLocal: true, reason });
    }
  }
}
