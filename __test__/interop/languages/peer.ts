/** The peers in other languages: whether they were built, one process for all requests, and their answers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inOrder, type View } from "./view.ts";

export type Language = "java" | "go" | "rust";

/** A request to a peer: to decode bytes, or to send its own sample. */
export interface Question {
  readonly type: string;
  readonly hex?: string;
}

export interface Answer {
  readonly view?: View;
  readonly hex?: string;
  readonly error?: string;
}

const built = (language: Language, name = ""): string =>
  fileURLToPath(new URL(`../../../.cache/interop/${language}/${name}`, import.meta.url));

const commands: Readonly<Record<Language, { readonly file: string; readonly args: readonly string[] }>> = {
  go: { file: built("go", "peer"), args: [] },
  rust: { file: built("rust", "fory_peer"), args: [] },
  java: {
    file: "java",
    args: ["-cp", `${built("java", "classes")}:${built("java", "lib")}/*`, "interop.Peer"],
  },
};

/** The reason why a language cannot be tested here, or null. `npm run setup` builds the peers when toolchains exist. */
export function missing(language: Language): string | null {
  const marker = { java: "classes/interop/Peer.class", go: "peer", rust: "fory_peer" }[language];
  if (existsSync(built(language, marker))) return null;
  return process.env[`ASTER_NO_${language.toUpperCase()}`] || "its peer was not built: npm run setup";
}

/** The answers to all requests, in order. @throws when the peer ends before it has answered all */
export async function ask(
  language: Language,
  questions: readonly Question[],
  { timeZone = "UTC" }: { readonly timeZone?: string } = {},
): Promise<Answer[]> {
  const { file, args } = commands[language];
  const peer = spawn(file, args, { env: { ...process.env, TZ: timeZone } });
  const closed = once(peer, "close");
  const errorLines: string[] = [];
  createInterface({ input: peer.stderr }).on("line", (line) => errorLines.push(line));
  peer.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(""));
  const answers: Answer[] = [];
  for await (const line of createInterface({ input: peer.stdout })) {
    const answer = JSON.parse(line) as Answer;
    answers.push(answer.view === undefined ? answer : { ...answer, view: inOrder(answer.view) });
  }
  await closed;
  if (answers.length !== questions.length) {
    const lastErrors = errorLines.slice(-10).join("\n");
    throw new Error(
      `the ${language} peer answered ${answers.length} of ${questions.length} questions\n${lastErrors}`,
    );
  }
  return answers;
}
