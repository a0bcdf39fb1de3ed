/** The columns of the fault matrix: what one call of each kind does. A further kind is one more entry. */
import type { Stub } from "aster-rpc";
import type { Probe } from "../../boundary/support/probe.mjs";

/** The size of calls in a cell. */
export interface Size {
  /** Messages of a stream. */
  readonly items: number;
  /** Bytes of each message. */
  readonly bytes: number;
  readonly timeoutMs: number;
}

export interface Pattern {
  readonly name: string;
  /** Makes one call and reads it to its end. `told` is called for each response. */
  call(stub: Stub<typeof Probe>, size: Size, told: () => void): Promise<void>;
}

/** Random bytes, because compression would make packets smaller. */
const bytes = Uint8Array.from({ length: 65_536 }, () => Math.floor(Math.random() * 256));

function* messages({ items, bytes: length }: Size) {
  for (let id = 0; id < items; id++) yield { id, data: bytes.subarray(id % 1000, (id % 1000) + length) };
}

export const patterns: readonly Pattern[] = [
  {
    name: "unary",
    async call(stub, size, told) {
      await stub.echo({ id: 1, data: bytes.subarray(0, size.bytes) }, { timeoutMs: size.timeoutMs });
      told();
    },
  },
  {
    name: "server stream",
    async call(stub, { items, bytes: length, timeoutMs }, told) {
      for await (const _ of stub.count({ id: items, data: bytes.subarray(0, length) }, { timeoutMs })) told();
    },
  },
  {
    name: "client stream",
    async call(stub, size, told) {
      await stub.sum(messages(size), { timeoutMs: size.timeoutMs });
      told();
    },
  },
  {
    name: "bidi stream",
    async call(stub, size, told) {
      const chat = stub.talk({ timeoutMs: size.timeoutMs });
      const sending = (async () => {
        for (const message of messages(size)) await chat.send(message);
        await chat.end();
      })();
      // A failure of the call comes with next(), too.
      sending.catch(() => {});
      for await (const _ of chat) told();
      await sending;
    },
  },
];
