// Tickets: the text that tells a client whom to dial and where.
//
// Owns: the TypeScript shape of a ticket's parts. Does not own: the format, its limits and its checks, which
// are Rust's; this module only moves JSON across.

import { controlCall } from "./native/index.js";
import { checkOptions, listOf, nullable, object, optional, optionError, text } from "./options.js";

/** A credential that travels inside a ticket. */
export interface TicketCredential {
  /** `registry_read` has a payload of exactly 32 bytes, the others of at most 220. */
  readonly type: "open" | "consumer_rcan" | "enrollment" | "registry_read";
  /** Empty for `open`. */
  readonly payload: Uint8Array;
}

/** What a ticket says. */
export interface TicketParts {
  /** The public key to dial, 64 hex digits. */
  readonly endpointId: string;
  /** `ip:port` of each direct address, at most 15. */
  readonly directAddresses: readonly string[];
  /** `ip:port` of the relay, or null. */
  readonly relayAddress: string | null;
  /** null: none. */
  readonly credential: TicketCredential | null;
}

/** What {@link Ticket.format} takes: only the endpoint id is needed. */
export interface TicketInput {
  readonly endpointId: string;
  readonly directAddresses?: readonly string[];
  readonly relayAddress?: string | null;
  readonly credential?: TicketCredential | null;
}

interface TicketDocument {
  readonly endpointId: string;
  readonly directAddresses: readonly string[];
  readonly relayAddress: string | null;
  readonly credential: { readonly type: TicketCredential["type"]; readonly dataHex: string } | null;
}

const ticketShape = {
  endpointId: text,
  directAddresses: optional(listOf(text)),
  relayAddress: optional(nullable(text)),
  credential: optional(nullable(credentialOf)),
};

/**
 * Reads and writes `aster1...` tickets.
 *
 * *Shape*: at most 256 bytes before base58; no checksum, no secret unless it carries a credential.
 * *Source*: `docs/protocol.md#tickets`.
 *
 * @example const { endpointId } = Ticket.parse(server.ticket);
 */
export const Ticket: {
  /**
   * The parts of a ticket.
   * @throws {AsterError} INVALID_ARGUMENT when the text is no ticket; never a partial result.
   * @throws {TypeError} when it is no text at all.
   */
  parse(text: string): TicketParts;
  /**
   * The text of a ticket.
   * @throws {TypeError} naming the part that does not fit, such as a sixteenth address.
   */
  format(parts: TicketInput): string;
} = {
  parse(ticket: string): TicketParts {
    if (typeof ticket !== "string") throw optionError("ticket", "must be a text");
    const parts = JSON.parse(controlCall((native) => native.ticketParse(ticket))) as TicketDocument;
    return {
      endpointId: parts.endpointId,
      directAddresses: parts.directAddresses,
      relayAddress: parts.relayAddress,
      credential: parts.credential && {
        type: parts.credential.type,
        payload: Uint8Array.from(Buffer.from(parts.credential.dataHex, "hex")),
      },
    };
  },
  format(parts: TicketInput): string {
    const given = checkOptions(ticketShape, parts, "parts");
    const document = JSON.stringify({
      endpointId: given.endpointId,
      directAddresses: given.directAddresses ?? [],
      relayAddress: given.relayAddress ?? null,
      credential: given.credential ?? null,
    });
    return controlCall((native) => native.ticketFormat(document));
  },
};

function credentialOf(value: unknown, path: string): { type: string; dataHex: string } {
  const { type, payload } = object(value, path);
  if (payload !== undefined && !(payload instanceof Uint8Array))
    throw optionError(`${path}.payload`, "must be a Uint8Array");
  return { type: text(type, `${path}.type`), dataHex: Buffer.from(payload ?? []).toString("hex") };
}
