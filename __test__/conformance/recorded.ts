// The test of recorded messages. Some files run it with generated code, others with the interpreter.
//
// Owns: reading a vector file, and the checks for each case. A process chooses its executor once.

import { readFileSync } from "node:fs";
import { type MessageOptions, messageOf } from "aster-rpc";
import { describe, expect, it } from "vitest";
import { buildSchemas, type Loose, structOf, type TypeEntry } from "./xlang-schemas.js";

interface Case {
  readonly name: string;
  readonly types: TypeEntry[];
  readonly value: Loose;
  readonly [recorded: string]: unknown;
}

/** The recordings of a suite. */
export interface Recorded {
  /** The name of the vector file. */
  readonly file: string;
  /** The member of a case with the bytes. */
  readonly member: string;
  /** The number of cases with bytes. */
  readonly count: number;
  readonly options?: MessageOptions;
  /** Cases that are only decoded, because the decoded value is encoded in another way. */
  readonly readOnly?: readonly string[];
}

/** The checks for all cases of a file, with the public API. */
export function describeRecorded(title: string, recordings: Recorded): void {
  const { file, member, count, options, readOnly = [] } = recordings;
  const url = new URL(`../../conformance/vectors/${file}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(url, "utf8")) as { cases: Case[] };
  const recorded = cases.filter((entry) => typeof entry[member] === "string");

  describe(title, () => {
    it("are all there", () => {
      expect(recorded.length).toBe(count);
    });

    it.each(recorded.map((entry) => [entry.name, entry] as const))(
      "%s: same bytes, same value",
      (_name, entry) => {
        const schemas = buildSchemas(entry.types, options);
        const root = schemas.byTag.get(entry.value.$struct);
        const bytes = Buffer.from(root.encode(structOf(schemas, entry.value, "input")));
        if (!readOnly.includes(entry.name)) expect(bytes.toString("hex")).toBe(entry[member]);
        const decoded = root.decode(Buffer.from(entry[member] as string, "hex"));
        expect(decoded).toEqual(structOf(schemas, entry.value, "output"));
        expect(messageOf(decoded)).toBe(root);
      },
    );
  });
}
