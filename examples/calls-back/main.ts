/**
 * A dispatcher and two printers. The printers dial the dispatcher; it calls them back over the same connections.
 *
 *   node examples/calls-back/main.ts                 Node 22.18 and newer
 *   node --import tsx examples/calls-back/main.ts    Node 20
 */
import { AsterClient, AsterError, AsterServer, implement } from "aster-rpc";
import { Dispatcher, Printer } from "./contract.ts";

const dispatcher = implement(Dispatcher, {
  async work({ name }, ctx) {
    // The caller is a printer: it is called back while its own call runs, and the calls end with it.
    const printer = ctx.peer.stub(Printer, { within: ctx });
    const { printed } = await printer.print({ pages: 3 });
    console.log(`${name} printed ${printed} pages`);
    for await (const page of printer.watch({ pages: 2 })) console.log(`${name} prints page ${page.number}`);
    return { jobs: 2 };
  },
});

const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" } as const;
const server = await AsterServer.start({ services: [dispatcher], access: "open", ...local });

async function connect(name: string): Promise<AsterClient> {
  const printer = implement(Printer, {
    print: ({ pages }) => ({ printed: pages }),
    *watch({ pages }) {
      for (let number = 1; number <= pages; number++) yield { number };
    },
    async load(pages) {
      let printed = 0;
      for await (const _ of pages) printed++;
      return { printed };
    },
  });
  const client = await AsterClient.connect(server.ticket, { services: [printer], relay: "disabled" });
  const { jobs } = await client.stub(Dispatcher).work({ name });
  console.log(`${name} had ${jobs} jobs`);
  return client;
}

const printers = [await connect("Ada"), await connect("Bob")];

// Outside of a call: all peers that are connected, or one by its key.
for (const peer of server.peers()) {
  const { printed } = await peer.stub(Printer).load([{ number: 1 }, { number: 2 }]);
  console.log(`loaded ${printed} pages`);
}

// A client without services is refused here, with a reason. No byte is sent.
const guest = await AsterClient.connect(server.ticket, { relay: "disabled" });
try {
  await guest.stub(Dispatcher).work({ name: "guest" });
} catch (error) {
  console.log(`guest: ${AsterError.from(error).codeName}`);
}

await Promise.all([...printers, guest].map((client) => client.close()));
await server.drain();
