/** The columns of the fault matrix: what one call of each kind does. A further kind is one more entry. */
import type { AsterClient, Stub } from "aster-rpc";
import { Probe } from "../../boundary/support/probe.mjs";
import { SessionProbe } from "./session-probe.mjs";

/** The size of calls in a cell. */
export interface Size {
  /** Messages of a stream. */
  readonly items: number;
  /** Bytes of each message. */
  readonly bytes: number;
  readonly timeoutMs: number;
}

/** Makes one call, or one session, and reads it to its end. `told` is called for each response. */
export type Call = (size: Size, told: () => void) => Promise<void>;

export interface Pattern {
  readonly name: string;
  /** How many deadlines a call may use up, one after another. Default 1. */
  readonly deadlines?: number;
  /** Prepares the calls of a client. */
  of(client: AsterClient): Call;
}

/** The functions with which calls are made: those of a stub, or those of a session. */
type Functions = Pick<Stub<typeof Probe>, "echo" | "count" | "sum" | "talk">;

/** Random bytes, because compression would make packets smaller. */
const bytes = Uint8Array.from({ length: 65_536 }, () => Math.floor(Math.random() * 256));

function* messages({ items, bytes: length }: Size) {
  for (let id = 0; id < items; id++) yield { id, data: bytes.subarray(id % 1000, (id % 1000) + length) };
}

type Kind = (functions: Functions, size: Size, told: () => void) => Promise<void>;

const kinds: Readonly<Record<string, Kind>> = {
  async unary(functions, size, told) {
    await functions.echo({ id: 1, data: bytes.subarray(0, size.bytes) }, { timeoutMs: size.timeoutMs });
    told();
  },
  async "server stream"(functions, { items, bytes: length, timeoutMs }, told) {
    const responses = functions.count({ id: items, data: bytes.subarray(0, length) }, { timeoutMs });
    for await (const _ of responses) told();
  },
  async "client stream"(functions, size, told) {
    await functions.sum(messages(size), { timeoutMs: size.timeoutMs });
    told();
  },
  async "bidi stream"(functions, size, told) {
    const chat = functions.talk({ timeoutMs: size.timeoutMs });
    const sending = (async () => {
      for (const message of messages(size)) await chat.send(message);
      await chat.end();
    })();
    // A failure of the call comes with next(), too.
    sending.catch(() => {});
    for await (const _ of chat) told();
    await sending;
  },
};

export const patterns: readonly Pattern[] = [
  {
    name: "session",
    deadlines: 6,
    of(client: AsterClient): Call {
      return async (size, told) => {
        const session = await client.session(SessionProbe, { timeoutMs: size.timeoutMs });
        try {
          for (const kind of Object.values(kinds)) await kind(session, size, told);
        } finally {
          await session.close();
        }
      };
    },
  },
  ...Object.entries(kinds).map(([name, kind]) => ({
    name,
    of(client: AsterClient): Call {
      const stub = client.stub(Probe);
      return (size, told) => kind(stub, size, told);
    },
  })),
];
