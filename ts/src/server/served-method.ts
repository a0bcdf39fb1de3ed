// A method as a server answers it.
//
// Owns: its handler, codecs and logger. Does not own: accepting its calls (acceptor.ts), and the calls.

import type { CalledPeers } from "../client/called-peers.js";
import type { Logger } from "../logging.js";
import type { MessageCodec } from "../message.js";
import type { NativeCodecs } from "../service/binding.js";
import type { CallContext } from "./context.js";
import type { GraceWatch } from "./failure.js";

/** The function that handles a call: the handler, inside its interceptors if there are any. */
export type Run = (input: unknown, context: CallContext) => unknown;

/** The parts of a served method. */
export interface ServedMethod {
  /** `Service.method`, with wire names. */
  readonly label: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  /** The codecs of calls in NATIVE mode. */
  readonly native: NativeCodecs | null;
  readonly run: Run;
  readonly logger: Logger;
  readonly grace: GraceWatch;
  /** The peers of the node, which can be called back. Null: none can. */
  readonly called: CalledPeers | null;
}
