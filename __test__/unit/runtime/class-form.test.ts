/** The class form: decorated methods, served by an instance, called through the class. */
import { expect, it } from "vitest";
import {
  AsterClient,
  AsterServer,
  bidiStream,
  type CallContext,
  clientStream,
  field,
  implement,
  rpc,
  serverStream,
  service,
  t,
  wireType,
} from "../../../ts/src/index.js";

@wireType("unit/Word")
class Word {
  @field(t.string) text = "";
}

@service("Words", { version: 1 })
class Words {
  readonly #suffix: string;

  constructor(suffix = "?") {
    this.#suffix = suffix;
  }

  @rpc(Word, Word) async shout(word: Word, context: CallContext): Promise<Word> {
    return { text: `${word.text}${this.#suffix}${context.method}` };
  }

  @serverStream(Word, Word) async *letters(word: Word): AsyncGenerator<Word> {
    for (const text of word.text) yield { text };
  }

  @clientStream(Word, Word) async join(words: AsyncIterable<Word>): Promise<Word> {
    let text = "";
    for await (const word of words) text += word.text;
    return { text };
  }

  @bidiStream(Word, Word) async *echo(words: AsyncIterable<Word>): AsyncGenerator<Word> {
    yield* words;
  }

  suffixed(word: Word): string {
    return word.text + this.#suffix;
  }
}

it("an instance serves the class, and calls have inferred types", async () => {
  const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;
  const server = await AsterServer.start({
    ...local,
    identity: "ephemeral",
    access: "open",
    services: [implement(Words, new Words("!"))],
  });
  const client = await AsterClient.connect(server.ticket, local);
  const words = client.stub(Words);
  const shouted: Word = await words.shout({ text: "hey" });
  expect(shouted).toEqual({ text: "hey!Words.shout" });
  expect(shouted).toBeInstanceOf(Word);
  const letters: string[] = [];
  for await (const { text } of words.letters({ text: "abc" })) letters.push(text);
  expect(letters).toEqual(["a", "b", "c"]);
  expect((await words.join([{ text: "a" }, { text: "b" }])).text).toBe("ab");
  const echo = words.echo();
  await echo.send({ text: "x" });
  expect((await echo.next()).value).toEqual({ text: "x" });
  await echo.return();
  expect(() => words.suffixed({ text: "x" })).toThrow(
    "Words.suffixed has no decorator such as @rpc(), so clients cannot call it",
  );
  expect(Object.keys(words)).toEqual(["shout", "letters", "join", "echo"]);
  await client.close();
  await server.close();
});
