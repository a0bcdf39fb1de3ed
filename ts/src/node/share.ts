// Handles with which worker threads join a node.
//
// Owns: their form and the check that one comes from this process. Does not own: the node.

import type { StartedNode } from "../native/documents.js";
import { native } from "../native/index.js";
import { describeValue, optionError } from "../options.js";

/** Stands for a node in another thread of the same process; survives `postMessage`. */
export interface NodeHandle {
  readonly aster: "node";
  readonly process: number;
  readonly build: string;
  readonly started: StartedNode;
}

/** The handle of a node. */
export function nodeHandle(started: StartedNode): NodeHandle {
  return { aster: "node", process: process.pid, build: native().bridgeVersion(), started };
}

/**
 * The node that a handle stands for.
 * @throws {TypeError} for anything but a handle of this process and build.
 */
export function readHandle(value: unknown): StartedNode {
  const handle = value as Partial<NodeHandle> | null | undefined;
  const number = handle?.started?.node;
  // A number that 32 bits cannot hold would arrive at the native side as that of another node.
  if (handle?.aster !== "node" || !handle.started || number === undefined || number !== number >>> 0) {
    throw optionError("handle", `must come from node.share(), not ${describeValue(value)}`);
  }
  if (handle.process !== process.pid)
    throw optionError("handle", "is of another process; nodes are shared by threads only");
  if (handle.build !== native().bridgeVersion())
    throw optionError("handle", "is of another build of aster-rpc");
  return handle.started;
}
