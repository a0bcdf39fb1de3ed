/**
 * Two players in a lobby, each with a session of its own.
 *
 *   node examples/session/main.ts                 Node 22.18 and newer
 *   node --import tsx examples/session/main.ts    Node 20
 */
import { AsterClient, AsterError, AsterServer } from "aster-rpc";
import { Lobby } from "./contract.ts";
import { lobby } from "./lobby.ts";

const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" } as const;
const server = await AsterServer.start({ services: [lobby], access: "open", ...local });
const client = await AsterClient.connect(server.ticket, { relay: "disabled" });
const ada = await client.session(Lobby);
const bob = await client.session(Lobby);
const eve = await client.session(Lobby);

// Calls of one session run in order. Sessions do not wait for each other.
const [first, second] = [await ada.join({ name: "Ada" }), await bob.join({ name: "Bob" })];
console.log(`Ada has seat ${first.number}, Bob has seat ${second.number}`);

// A call that fails does not end its session.
await eve.join({ name: "Eve" }).catch((error: unknown) => {
  if (error instanceof AsterError) console.log(`Eve waits: ${error.rawMessage}`);
});

const moves = ada.moves();
for (const to of ["e4", "d5"]) {
  await moves.send({ to });
  const { value } = await moves.next();
  console.log(`Ada played ${value?.moves.join(" ")}`);
}
await moves.end();
await moves.next(); // the end of the stream: now the next call of the session may begin

const { name, moves: count } = await ada.leave({});
console.log(`${name} left after ${count} moves`);
await ada.close();

// Draining ends the other sessions after their running calls.
const ended = bob.closed;
await server.drain();
const { by, error } = await ended;
console.log(`Bob's session was ended by the ${by}: ${error?.rawMessage}`);
await client.close();
