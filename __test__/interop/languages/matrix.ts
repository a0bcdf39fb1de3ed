/** The cases for all languages and directions: what each language decodes, and what TypeScript decodes of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allCases, type Case } from "./messages.ts";
import { type Answer, ask, type Language, missing, type Question } from "./peer.ts";
import { viewOf } from "./view.ts";

/** The expected failures of a case in a language. */
export interface Limits {
  /** The language decodes bytes of TypeScript. */
  readonly reads?: string;
  /** TypeScript decodes bytes of the language. */
  readonly writes?: string;
}

const hexOf = ({ schema }: Case, value: unknown): string => Buffer.from(schema.encode(value)).toString("hex");

/** "ok", or the error in the answer to bytes of TypeScript. */
function readOutcome({ values, shown }: Case, value: unknown, { view, error }: Answer): string {
  if (view === undefined) return `error: ${error}`.slice(0, 400);
  const wanted = JSON.stringify(shown?.[values.indexOf(value)] ?? viewOf(value));
  return JSON.stringify(view) === wanted ? "ok" : `other value: ${JSON.stringify(view)}`.slice(0, 400);
}

/** "ok", or the error in bytes that the peer wrote. */
function writeOutcome({ schema }: Case, value: unknown, { hex, error }: Answer): string {
  if (hex === undefined) return `error: ${error}`.slice(0, 400);
  try {
    const decoded = schema.decode(Buffer.from(hex, "hex"));
    const view = JSON.stringify(viewOf(decoded));
    return view === JSON.stringify(viewOf(value)) ? "ok" : `other value: ${view}`.slice(0, 400);
  } catch (failure) {
    return `refused: ${(failure as Error).message}`;
  }
}

interface Asked extends Question {
  readonly about: Case;
  readonly value: unknown;
}

function questions(): Asked[] {
  return allCases.flatMap((about) => [
    { type: about.name, about, value: about.values[0] },
    ...about.values.map((value) => ({ type: about.name, hex: hexOf(about, value), about, value })),
  ]);
}

/** Declares the tests of a language. `limits` lists what its library cannot do, so that a change is noticed. */
export function matrix(language: Language, limits: Readonly<Record<string, Limits>>): void {
  const reason = missing(language);
  if (reason !== null) {
    it.skip(`the ${language} peer: ${allCases.length} cases both ways (${reason})`, () => {});
    return;
  }
  describe(`the ${language} peer`, () => {
    const asked = questions();
    let answers: Answer[] = [];

    beforeAll(async () => {
      answers = await ask(
        language,
        asked.map(({ type, hex }) => (hex === undefined ? { type } : { type, hex })),
      );
    }, 120_000);

    afterAll(() => {
      answers = [];
    });

    const outcomes = (about: Case, own: boolean, judge: (asked: Asked, answer: Answer) => string): string[] =>
      asked.flatMap((question, index) =>
        question.about === about && (question.hex === undefined) === own
          ? [judge(question, answers[index] as Answer)]
          : [],
      );

    function judge(seen: readonly string[], limit: string | undefined): void {
      if (limit === undefined)
        expect(
          seen.every((outcome) => outcome === "ok"),
          seen.filter((outcome) => outcome !== "ok").join("\n"),
        ).toBe(true);
      else expect(seen.join("\n"), "the library may do this now: take the limit away").toContain(limit);
    }

    describe.each(allCases)("$name", (about) => {
      const { reads, writes } = limits[about.name] ?? {};

      it(`reads ours${reads === undefined ? "" : " (it cannot)"}`, () => {
        judge(
          outcomes(about, false, ({ value }, answer) => readOutcome(about, value, answer)),
          reads,
        );
      });

      it(`writes what we read${writes === undefined ? "" : " (it cannot)"}`, () => {
        judge(
          outcomes(about, true, ({ value }, answer) => writeOutcome(about, value, answer)),
          writes,
        );
      });

      // When one direction fails, or the types differ, there is nothing to return.
      if (reads !== undefined || writes !== undefined || about.shown !== undefined) return;
      it("returns what was sent", () => {
        judge(
          outcomes(about, false, ({ value }, answer) => writeOutcome(about, value, answer)),
          undefined,
        );
      });
    });

    it("has limits only for cases that exist", () => {
      const known = new Set(allCases.map(({ name }) => name));
      expect(Object.keys(limits).filter((name) => !known.has(name))).toEqual([]);
    });
  });
}
