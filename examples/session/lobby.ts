/** The handlers of the lobby: each session has a player of its own. */
import { AsterError, Code, type Implementation, implement } from "aster-rpc";
import { Lobby } from "./contract.ts";

const seats = new Map<number, string>();

/** Makes the handlers of one session. Its variables belong to this session alone. */
export const lobby: Implementation = implement(Lobby, (session) => {
  const played: string[] = [];
  let name = "";
  let seat = 0;
  session.onClose((cause) => {
    seats.delete(seat);
    console.log(`${name === "" ? "somebody" : name} is gone: ${cause}`);
  });
  return {
    join(request) {
      if (seats.size >= 2) throw new AsterError(Code.RESOURCE_EXHAUSTED, "all seats are taken");
      name = request.name;
      seat = seats.has(1) ? 2 : 1;
      seats.set(seat, name);
      return { number: seat };
    },
    async *moves(items) {
      for await (const { to } of items) {
        played.push(to);
        yield { moves: played };
      }
    },
    leave: () => ({ name, moves: played.length }),
  };
});
