/** A thread that serves Probe on a shared node. It answers `tally` with the number of calls that it started. */
import { parentPort, threadId, workerData } from "node:worker_threads";
import { AsterNode } from "aster-rpc";
import { probe, tally } from "../support/probe.mjs";

const seen = tally();
const node = AsterNode.attach(workerData.handle);
node.serve({ services: [probe(seen)], access: "open" });
parentPort.on("message", () => parentPort.postMessage({ thread: threadId, started: seen.started }));
parentPort.postMessage({ thread: threadId, started: 0 });
