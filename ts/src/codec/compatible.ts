// Compatible mode: each message describes its fields, so that the two sides may have different versions of it.
//
// Owns: the conversion between the XLANG that executors write and read, and the described messages that peers take
// and send. Rust does the conversion (`docs/plan.md#compatible-mode`); no code here reads a description.

import { AsterError, Code } from "../errors.js";
import { MAX_DECODED, type MessageCodec, type MessageWriter } from "../message.js";
import { controlCall } from "../native/index.js";

/** The bit of the header byte that is set when the payload is null. */
const NULL_BIT = 1;

/** The plain codec of a root, with the index of the root in its plan. */
export interface Plain extends MessageCodec {
  readonly planId: number;
  readonly root: number;
  /** The name of the root in error texts. */
  readonly label: string;
}

/** The code and the reason that users see for a failed conversion. */
interface Explanation {
  readonly code: Code;
  readonly reason: string;
}

/** The codec of a root in compatible mode. */
export class CompatibleCodec implements MessageCodec {
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
    const wire = this.#step(
      () => controlCall((native) => native.planToWire(planId, root, plain)),
      () => ({ code: Code.INVALID_ARGUMENT, reason: "VALUE_MISFIT" }),
    );
    writer.ensure(wire.length);
    writer.buf.set(wire, start);
    writer.pos = start + wire.length;
  }

  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    presenceFlagged: boolean,
    maxDecoded: number = MAX_DECODED,
  ): unknown {
    // Presence-flagged XLANG is already converted. A null has no description.
    if (presenceFlagged || (start < end && ((bytes[start] ?? 0) & NULL_BIT) !== 0))
      return this.#plain.read(bytes, start, end, presenceFlagged, maxDecoded);
    const { planId, root } = this.#plain;
    const wire = bytes.subarray(start, end);
    const xlang = this.#step(
      () => controlCall((native) => native.planFromWire(planId, root, wire, maxDecoded)),
      ({ code, reason }) => ({ code, reason: reason ?? "MALFORMED_MESSAGE" }),
    );
    return this.#plain.read(xlang, 0, xlang.length, true, maxDecoded);
  }

  /** Runs a conversion. Texts of Rust begin with the path. */
  #step(run: () => Uint8Array, explain: (failure: AsterError) => Explanation): Uint8Array {
    try {
      return run();
    } catch (error) {
      const failure = AsterError.from(error);
      if (failure.code !== Code.INVALID_ARGUMENT && failure.code !== Code.RESOURCE_EXHAUSTED) throw error;
      const { code, reason } = explain(failure);
      throw new AsterError(code, `${this.#plain.label}: ${failure.rawMessage}`, { isLocal: true, reason });
    }
  }
}
