// A method as a server answers it.
//
// Owns: what is known of it: handler, codecs, logger. Does not own: accepting its calls (acceptor.ts), the calls.

import type { Logger } from "../logging.js";
import type { MessageCodec } from "../message.js";
import type { CallContext } from "./context.js";
import type { GraceWatch } from "./failure.js";

/** The function that answers: the handler, inside its interceptors if there are any. */
export type Run = (input: unknown, context: CallContext) => unknown;

/** What a served method is made of. */
export interface ServedMethod {
  /** `Service.method`, by wire names. */
  readonly label: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  readonly run: Run;
  readonly logger: Logger;
  readonly grace: GraceWatch;
}
