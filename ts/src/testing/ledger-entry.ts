// The lines of a ledger, as they are kept and as they stand in a file.
//
// Owns: their members. Does not own: who writes them (ledger.ts), what they must satisfy (ledger-rules.ts).

/**
 * One line of a ledger.
 *
 * @example
 * const failed = (entry: LedgerEntry): boolean => entry.event === "ended" && entry.code !== 0;
 * console.log(books.entries.filter(failed).length);
 */
export interface LedgerEntry {
  readonly side: "client" | "server";
  /**
   * `began`: the call, or its handler. `sent`, `received`: one message. `inputEnded`: the handler read all messages of the
   * client. `ended`: the call has an outcome, or its handler has ended. `sessionEnded`: the server saw the end of a session.
   */
  readonly event: "began" | "sent" | "received" | "inputEnded" | "ended" | "sessionEnded";
  /** The id of the call, the same on both sides. `sessionEnded`: that of the first call of the session. */
  readonly call: string;
  /** Server: the run of the handler. A call that was tried again has several. */
  readonly run?: string | undefined;
  /** Server, `began` and `sessionEnded`: the session of the call. */
  readonly session?: string | undefined;
  /** `began`: `Service.method`, with wire names. */
  readonly method?: string | undefined;
  /** `began`: the call may run more than once. */
  readonly idempotent?: boolean | undefined;
  /** `sent` and `received`: identifies the message. */
  readonly item?: string | undefined;
  /** `ended`: the status code; 0 for OK. */
  readonly code?: number | undefined;
  /** `ended`: the error said that the request was not sent. */
  readonly notSent?: boolean | undefined;
  /** `ended`: the items of the response stream that arrived, as the error said. */
  readonly itemsReceived?: number | undefined;
}
