// The server of the measurement: answers the questions of the parent process.
import process from "node:process";
import { AsterServer, implement } from "../../dist/index.js";
import { Counter } from "./contract.mjs";

const counter = implement(Counter, () => {
  let calls = 0;
  return { count: () => ({ text: String(++calls) }) };
});
const server = await AsterServer.start({
  services: [counter],
  access: "open",
  bind: "127.0.0.1:0",
  relay: "disabled",
  identity: "ephemeral",
  limits: { maxSessions: Number(process.argv[2]) },
});
process.on("message", async (question) => {
  if (question === "close") await server.close();
  globalThis.gc?.();
  process.send({ ticket: server.ticket, rss: process.memoryUsage.rss() });
  if (question === "close") process.disconnect();
});
