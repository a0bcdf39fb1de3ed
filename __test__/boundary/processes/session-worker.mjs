/** A thread that serves sessions on a shared node. It tells how many of them began. */
import { parentPort, workerData } from "node:worker_threads";
import { AsterNode, implement } from "aster-rpc";
import { Sitting } from "../support/sitting.mjs";

const node = AsterNode.attach(workerData.handle);
const sitting = implement(Sitting, () => {
  parentPort.postMessage("began");
  return {
    echo: (item) => item,
    hang: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
});
node.serve({ services: [sitting], access: "open" });
parentPort.postMessage("ready");
