// Tickets: the text that tells a client which endpoint to dial, and at which addresses.
//
// Owns: the TypeScript type of a ticket's parts. Does not own: the format, its limits and its checks. Rust has them;
// this module only passes JSON.

import { controlCall } from "./native/index.js";
import {
  checkOptions,
  describeValue,
  listOf,
  nullable,
  object,
  optional,
  optionError,
  text,
} from "./options.js";

/** A credential inside a ticket. */
export interface TicketCredential {
  /** The payload of `registry_read` has exactly 32 bytes, the others have at most 220. */
  readonly type: "open" | "consumer_rcan" | "enrollment" | "registry_read";
  /** Empty for `open`. */
  readonly payload: Uint8Array;
}

/** The parts of a ticket. */
export interface TicketParts {
  /** The public key of the endpoint to dial: 64 hexadecimal digits. */
  readonly endpointId: string;
  /** The direct addresses as `ip:port`. At most 15. */
  readonly directAddresses: readonly string[];
  /** The address of the relay as `ip:port`, or null. */
  readonly relayAddress: string | null;
  /** The credential, or null. */
  readonly credential: TicketCredential | null;
}

/** The input of {@link Ticket.format}. Only the endpoint id is required. */
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

const ticketChecks = {
  endpointId: text,
  directAddresses: optional(listOf(text)),
  relayAddress: optional(nullable(text)),
  credential: optional(nullable(credentialOf)),
};

/**
 * Reads and writes tickets, which begin with `aster1`.
 *
 * *Shape*: at most 256 bytes before base58, without a checksum. A ticket without a credential contains no secret.
 * *Source*: `docs/protocol.md#tickets`.
 *
 * @example const { endpointId } = Ticket.parse(server.ticket);
 */
export const Ticket: {
  /**
   * Reads a ticket.
   * @throws {AsterError} INVALID_ARGUMENT when the string is not a valid ticket
   * @throws {TypeError} when the argument is not a string
   */
  parse(text: string): TicketParts;
  /**
   * Writes a ticket.
   * @throws {TypeError} with the path of the part that is not allowed, such as a sixteenth address
   */
  format(parts: TicketInput): string;
} = {
  parse(ticket: string): TicketParts {
    if (typeof ticket !== "string")
      throw optionError("ticket", `must be a string, not ${describeValue(ticket)}`);
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
    const given = checkOptions(ticketChecks, parts, "parts");
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
    throw optionError(`${path}.payload`, `must be a Uint8Array, not ${describeValue(payload)}`);
  return { type: text(type, `${path}.type`), dataHex: Buffer.from(payload ?? []).toString("hex") };
}
