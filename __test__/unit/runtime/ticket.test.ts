/** Tickets through the public functions, with the real addon. */
import { describe, expect, it } from "vitest";
import { AsterError, Code, Ticket, type TicketInput } from "../../../ts/src/index.js";

const endpointId = "ab".repeat(32);

describe("Ticket", () => {
  it.each<TicketInput>([
    { endpointId },
    { endpointId, directAddresses: ["127.0.0.1:9000", "[::1]:1"], relayAddress: "10.0.0.1:443" },
    { endpointId, credential: { type: "enrollment", payload: new Uint8Array([1, 2, 3]) } },
    { endpointId, credential: { type: "open", payload: new Uint8Array() } },
  ])("%o survives the round trip", (parts) => {
    const text = Ticket.format(parts);
    expect(text).toMatch(/^aster1[1-9A-HJ-NP-Za-km-z]+$/);
    const nothing = { directAddresses: [], relayAddress: null, credential: null };
    expect(Ticket.parse(text)).toEqual({ ...nothing, ...parts });
  });

  it.each(["", "aster1", "ASTER1abc", " aster1abc", "aster1abc0", "hello"])("%j is not a ticket", (text) => {
    let error: unknown;
    try {
      Ticket.parse(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AsterError);
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
  });

  it.each([
    [{ endpointId: "ab" }, /endpointId/],
    [{ endpointId, directAddresses: ["nowhere"] }, /directAddresses\[0\]/],
    [{ endpointId, directAddresses: Array.from({ length: 16 }, () => "1.1.1.1:1") }, /address/],
    [{ endpointId, relay: "x" }, /parts\.relay/],
    [{ endpointId, credential: { type: "gold" } }, /credential/],
    [{ endpointId, credential: { type: "open", payload: "text" } }, /credential\.payload/],
    [null, /parts/],
  ])("%o cannot be written, and the error names the part", (parts, text) => {
    expect(() => Ticket.format(parts as never)).toThrow(TypeError);
    expect(() => Ticket.format(parts as never)).toThrow(text);
  });
});
