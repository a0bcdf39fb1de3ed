/** Peers without any rule of the library: the program `raw_peer` of `crates/net`, which sends the bytes that it is told. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Program } from "../../boundary/support/child.js";
import { codeOf, flag, framesOf } from "./bytes.mjs";

const program = fileURLToPath(
  new URL(
    `../../../.cache/interop/rust/raw_peer${process.platform === "win32" ? ".exe" : ""}`,
    import.meta.url,
  ),
);

/** True when the program exists: `node scripts/setup.mjs --only rust-peer` builds it. */
export const rawPeers: boolean = existsSync(program);

/** A client that writes bytes on one connection. */
export class RawClient {
  readonly #program: Program;
  #streams = 0;

  private constructor(ticket: string) {
    this.#program = new Program(program, ["client", ticket]);
  }

  static async connect(ticket: string): Promise<RawClient> {
    const client = new RawClient(ticket);
    await client.#program.line("ready");
    return client;
  }

  /** Sends bytes on a stream of its own, ends the direction, and reads nothing. */
  send(bytes: Buffer): void {
    this.#streams += 1;
    this.#program.say(`${this.#streams} ${bytes.toString("hex")} leave`);
  }

  /** Sends bytes on a stream of its own, which stays open. The code of the status that comes; null when there is none. */
  async statusOf(bytes: Buffer): Promise<number | null> {
    this.#streams += 1;
    const number = this.#streams;
    this.#program.say(`${number} ${bytes.toString("hex")} ask`);
    const { bytes: answer, error } = await this.#program.line(`answer ${number}`);
    if (error !== undefined) throw new Error(error as string);
    const last = framesOf(Buffer.from(answer as string, "hex")).at(-1);
    return last !== undefined && last.flags & flag.TRAILER ? codeOf(last.payload) : null;
  }

  async close(): Promise<void> {
    await this.#program.kill();
  }
}

/** A server that writes the same bytes to every stream. */
export class RawServer {
  readonly #program: Program;
  address = "";

  private constructor(args: readonly string[]) {
    this.#program = new Program(program, ["server", ...args]);
  }

  /** @param times how often it writes the answer; `ends`: whether it ends the stream then */
  static async start(
    service: string,
    answer: Buffer,
    { times = 1, ends }: { times?: number; ends: boolean },
  ): Promise<RawServer> {
    const server = new RawServer([service, answer.toString("hex"), String(times), ends ? "end" : "hold"]);
    server.address = (await server.#program.line("ready")).address as string;
    return server;
  }

  /** How many answers were written to streams. */
  get sent(): number {
    return this.#program.lines.filter(({ event }) => event === "sent").length;
  }

  async close(): Promise<void> {
    await this.#program.kill();
  }
}

/** A client that sends the same bytes as fast as it can. */
export class Flood {
  readonly #program: Program;

  private constructor(args: readonly string[]) {
    this.#program = new Program(program, ["flood", ...args]);
  }

  /**
   * @param way `reset`, `end`: streams that get both parts, which end so and are never read. `pour`: one stream, which gets the head
   * once and the body again and again.
   */
  static async start(
    ticket: string,
    head: Buffer,
    body: Buffer,
    way: "reset" | "end" | "pour",
  ): Promise<Flood> {
    const flood = new Flood([ticket, head.toString("hex"), body.toString("hex"), way]);
    await flood.#program.line("ready");
    return flood;
  }

  /** How many thousand streams or bodies were sent. */
  get thousands(): number {
    return this.#program.lines.filter(({ event }) => event === "flooded").length;
  }

  /** Settles after the first thousand, or when the server has ended it. */
  async begun(): Promise<void> {
    await Promise.race([this.#program.line("flooded"), this.#program.line("ended")]);
  }

  /** Ends the flood; the connection is closed in order. */
  async close(): Promise<void> {
    this.#program.process.stdin?.end();
    await this.#program.ended;
  }
}
