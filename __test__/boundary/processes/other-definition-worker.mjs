/** A thread that serves Order on a shared node: first as another service of that name, then as the same. */
import { parentPort, workerData } from "node:worker_threads";
import { AsterNode } from "aster-rpc";
import { order } from "../support/order.mjs";

const node = AsterNode.attach(workerData.handle);
const outcomes = workerData.variants.map(([variant, options]) => {
  try {
    node.serve({ services: [order(variant)], access: "open", ...options });
    return "served";
  } catch ({ name, codeName, reason, message }) {
    return { name, codeName, reason, message };
  }
});
parentPort.postMessage(outcomes);
// Its calls are answered until the test ends it.
setInterval(() => {}, 1 << 30);
