/** A thread with its own client. It answers "call" with a call, and "close" by closing. */
import { parentPort, workerData } from "node:worker_threads";
import { AsterClient } from "aster-rpc";
import { local, Who } from "../support/who.mjs";

const client = await AsterClient.connect(workerData.ticket, local);
const stub = client.stub(Who);
const answer = async () => parentPort.postMessage(await stub.caller({}));
parentPort.on("message", async (what) => {
  if (what === "call") return answer();
  await client.close();
  parentPort.postMessage(null);
});
await answer();
