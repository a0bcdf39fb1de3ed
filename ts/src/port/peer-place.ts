// A connection on which a peer calls: where its network path is read.
//
// Owns: the two functions of the addon for it. Does not own: the iteration over paths (client/paths.ts).

import type { ConnectionPath, NativeBinding } from "../native/documents.js";
import { controlCall } from "../native/index.js";

/** What it needs of the port. */
interface PathPort {
  readonly number: number;
  request(
    take: "takeConnectionPath",
    start: (native: NativeBinding, request: number) => void,
    holds: boolean,
  ): Promise<ConnectionPath>;
}

/** By the number in the PEER event, or the newest connection of a peer of a node. */
export type PeerNumber =
  | { readonly connection: number; readonly node: null; readonly endpointId: null }
  | { readonly connection: null; readonly node: number; readonly endpointId: string };

/** Reads the path of a connection. */
export class PeerPlace {
  readonly #port: PathPort;
  readonly #which: PeerNumber;

  constructor(port: PathPort, which: PeerNumber) {
    this.#port = port;
    this.#which = which;
  }

  /** The path now; null when the connection is gone. */
  path(): ConnectionPath | null {
    return controlCall((native) => native.peerPath(this.#port.number, this.#which));
  }

  /** Settles with true when packets take another path than `known`, with false when the connection is gone. */
  async pathChanged({ kind, address }: ConnectionPath): Promise<boolean> {
    try {
      await this.#port.request(
        "takeConnectionPath",
        (native, request) =>
          native.peerPathChanged(this.#port.number, request, this.#which, kind === "relay", address),
        false,
      );
      return true;
    } catch {
      // The connection or the thread is gone.
      return false;
    }
  }
}
