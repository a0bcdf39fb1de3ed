// Tickets: the text that tells a client which endpoint to dial, and at which addresses.
//
// Owns: the checks of types and of the members that may be left out. Does not own: the parts of a ticket, the format, its
// limits and its checks, which are Rust's.

import type { TicketCredential, TicketParts } from "./native/documents.js";
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

/**
 * The input of {@link Ticket.format}. Only the endpoint id is required.
 *
 * @example
 * const input: TicketInput = { endpointId: client.endpointId, directAddresses: ["127.0.0.1:4433"] };
 * const text = Ticket.format(input);
 */
export interface TicketInput {
  readonly endpointId: string;
  readonly directAddresses?: readonly string[];
  readonly relayAddress?: string | null;
  readonly credential?: TicketCredential | null;
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
 * @example
 * const { endpointId, directAddresses } = Ticket.parse(ticket);
 * console.log(Ticket.format({ endpointId, directAddresses }).startsWith("aster1")); // true
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
  /**
   * A ticket as a QR code, drawn with the characters of a terminal.
   * @throws {AsterError} INVALID_ARGUMENT when the string is not a valid ticket
   * @throws {TypeError} when the argument is not a string
   */
  qr(text: string): string;
} = {
  parse(ticket: string): TicketParts {
    if (typeof ticket !== "string")
      throw optionError("ticket", `must be a string, not ${describeValue(ticket)}`);
    return controlCall((native) => native.ticketParse(ticket));
  },
  qr(ticket: string): string {
    if (typeof ticket !== "string")
      throw optionError("ticket", `must be a string, not ${describeValue(ticket)}`);
    return controlCall((native) => native.ticketQr(ticket));
  },
  format(parts: TicketInput): string {
    const given = checkOptions(ticketChecks, parts, "parts");
    return controlCall((native) =>
      native.ticketFormat({
        endpointId: given.endpointId,
        directAddresses: given.directAddresses ?? [],
        relayAddress: given.relayAddress ?? null,
        credential: given.credential ?? null,
      }),
    );
  },
};

function credentialOf(value: unknown, path: string): TicketCredential {
  const { type, payload } = object(value, path);
  if (payload !== undefined && !(payload instanceof Uint8Array))
    throw optionError(`${path}.payload`, `must be a Uint8Array, not ${describeValue(payload)}`);
  // Which words there are is checked in Rust.
  return {
    type: text(type, `${path}.type`) as TicketCredential["type"],
    payload: payload ?? new Uint8Array(),
  };
}
