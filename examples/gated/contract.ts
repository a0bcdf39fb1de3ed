// A notice board: readers may read it, writers may also change it.
import { anyOf, message, serverStream, service, t, unary } from "aster-rpc";

export class Notice extends message("board/Notice", { text: t.string, by: t.string }) {}
export class Nothing extends message("board/Nothing", {}) {}

export const Board = service(
  "Board",
  { version: 1, requires: anyOf("reader", "writer") },
  {
    read: unary(Nothing, Notice),
    pin: unary(Notice, Notice, { requires: "writer" }),
    watch: serverStream(Nothing, Notice),
  },
);
