// Recorded tickets in both directions, with the public API.

import { readFileSync } from "node:fs";
import { Ticket, type TicketInput } from "aster-rpc";
import { describe, expect, it } from "vitest";

interface Parts {
  endpoint_id: string;
  relay_addr?: string | null;
  direct_addrs?: string[];
  credential_type?: string | null;
  credential_data_hex?: string | null;
  credential_data?: string | null;
}

interface Case {
  name: string;
  input?: Parts;
  decoded?: Parts;
  wire_hex?: string;
  string?: string;
  error?: string;
}

function load(name: string): Record<string, Case[]> {
  return JSON.parse(readFileSync(new URL(`../../conformance/vectors/${name}.json`, import.meta.url), "utf8"));
}

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function toText(hex: string): string {
  let number = hex === "" ? 0n : BigInt(`0x${hex}`);
  let text = "";
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text;
  const zeros = /^(00)*/.exec(hex)?.[0].length ?? 0;
  return `aster1${"1".repeat(zeros / 2)}${text}`;
}

function toInput(parts: Parts): TicketInput {
  const type = parts.credential_type ?? null;
  return {
    endpointId: parts.endpoint_id,
    directAddresses: parts.direct_addrs ?? [],
    relayAddress: parts.relay_addr ?? null,
    credential:
      type === null
        ? null
        : ({
            type,
            payload: new Uint8Array(
              Buffer.from(parts.credential_data_hex ?? parts.credential_data ?? "", "hex"),
            ),
          } as never),
  };
}

const derived = load("tickets");
const wheel = load("wheel-tickets");
const named = (cases: Case[] | undefined) => (cases ?? []).map((entry) => [entry.name, entry] as const);

describe("tickets that the reference wrote", () => {
  it.each(named([...(derived.encode ?? []), ...(wheel.cases ?? [])]))("%s", (_name, entry) => {
    const input = toInput(entry.input as Parts);
    if (entry.error !== undefined) {
      expect(() => Ticket.format(input)).toThrow();
      return;
    }
    expect(Ticket.format(input)).toBe(entry.string);
    expect(entry.string).toBe(toText(entry.wire_hex as string));
    expect(Ticket.parse(entry.string as string)).toEqual(toInput((entry.decoded ?? entry.input) as Parts));
  });
});

describe("received tickets", () => {
  const binary = (derived.decode ?? []).map((entry) => ({
    ...entry,
    string: toText(entry.wire_hex as string),
  }));
  it.each(named([...binary, ...(derived.string ?? [])]))("%s", (_name, entry) => {
    const text = entry.string as string;
    if (entry.error !== undefined) expect(() => Ticket.parse(text)).toThrow();
    else expect(Ticket.parse(text)).toEqual(toInput(entry.decoded as Parts));
  });
});
