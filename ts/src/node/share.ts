// Handles with which worker threads join a node.
//
// Owns: the handle, and the check that it comes from this process. Does not own: the node.

import type { StartedNode } from "../native/documents.js";
import { native } from "../native/index.js";
import { describeValue, optionError } from "../options.js";

/**
 * A node as a value that `postMessage` can send to another thread of the same process.
 *
 * @example
 * const node = await AsterNode.start({ bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * const handle: NodeHandle = node.share();
 * const attached = AsterNode.attach(handle); // usually in a worker thread that got the handle by postMessage
 * console.log(attached.endpointId === node.endpointId); // true
 * await attached.close();
 * await node.close();
 */
export interface NodeHandle {
  readonly aster: "node";
  readonly process: number;
  readonly build: string;
  readonly started: StartedNode;
  readonly maxDecodedBytes: number;
}

/** Makes the handle of a node. */
export function nodeHandle(started: StartedNode, maxDecodedBytes: number): NodeHandle {
  return { aster: "node", process: process.pid, build: native().bridgeVersion(), started, maxDecodedBytes };
}

/**
 * The handle, which was checked.
 * @throws {TypeError} when the value is not a handle of this process and build
 */
export function readHandle(value: unknown): NodeHandle {
  const handle = value as Partial<NodeHandle> | null | undefined;
  const number = handle?.started?.node;
  // The addon would read only the low 32 bits of a larger number, and use another node.
  if (handle?.aster !== "node" || !handle.started || number === undefined || number !== number >>> 0) {
    throw optionError("handle", `must come from node.share(), not ${describeValue(value)}`);
  }
  if (handle.process !== process.pid)
    throw optionError("handle", "is from another process; only threads of one process can share a node");
  if (handle.build !== native().bridgeVersion())
    throw optionError("handle", "is from another build of aster-rpc");
  return handle as NodeHandle;
}
