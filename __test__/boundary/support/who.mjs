/** A service that tells callers their endpoint id, and options for clients that share an endpoint. */
import { implement, message, service, t, unary } from "aster-rpc";
import { aborted, local } from "./probe.mjs";

export { local };

const Empty = message("who/Empty", {});
const Caller = message("who/Caller", { endpointId: t.string });
export const Who = service(
  "Who",
  {},
  {
    caller: unary(Empty, Caller),
    /** Settles when its signal aborts. */
    hang: unary(Empty, Caller),
  },
);

export function who() {
  return implement(Who, {
    caller: (_, { peer }) => ({ endpointId: peer.endpointId }),
    async hang(_, { peer, signal }) {
      await aborted(signal);
      return { endpointId: peer.endpointId };
    },
  });
}
