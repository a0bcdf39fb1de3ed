/** A game lobby: a service whose calls are made in sessions. */
import { bidiStream, message, service, t, unary } from "aster-rpc";

export class Join extends message("lobby/Join", { name: t.string }) {}
export class Seat extends message("lobby/Seat", { number: t.int }) {}
export class Move extends message("lobby/Move", { to: t.string }) {}
export class Board extends message("lobby/Board", { moves: t.list(t.string) }) {}
export class Leave extends message("lobby/Leave", {}) {}
export class Receipt extends message("lobby/Receipt", { name: t.string, moves: t.int }) {}

export const Lobby = service(
  "Lobby",
  { version: 1, scope: "session" },
  { join: unary(Join, Seat), moves: bidiStream(Move, Board), leave: unary(Leave, Receipt) },
);
