/** The commands of a host of the lab: lines of JSON on stdin, and one line of JSON as the answer to each. */
import { createInterface } from "node:readline";

/**
 * Answers commands until stdin ends. A command that fails is answered with `{ error }`.
 * @param {Record<string, (options: any) => Promise<object>>} commands by the member `do` of a line
 */
export async function answerLines(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: what, ...rest } = JSON.parse(line);
    const answer = await commands[what](rest).catch((error) => ({
      error: `${error.message} ${error.reason ?? ""}`,
    }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
