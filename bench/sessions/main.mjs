// `npm run bench:sessions`: what ten thousand idle sessions on two connections cost, and calls/s inside sessions. The server is a
// process of its own. Prints figures and never fails because of them.
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { AsterClient } from "../../dist/index.js";
import { Counter } from "./contract.mjs";

const SESSIONS = 10_000;
const CALLS = 20_000;
const AT_ONCE = 64;

const server = fork(fileURLToPath(new URL("server.mjs", import.meta.url)), [String(SESSIONS)], {
  execArgv: ["--expose-gc"],
});
const ask = async (question) => {
  const answer = once(server, "message");
  server.send(question);
  return (await answer)[0];
};
const memory = () => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};
const kib = (before, after, count) => ((after - before) / 1024 / count).toFixed(2);

const { ticket } = await ask("ticket");
const clients = [
  await AsterClient.connect(ticket, { relay: "disabled" }),
  await AsterClient.connect(ticket, { relay: "disabled" }),
];
const warm = await clients[0].session(Counter);
await warm.count({ text: "" });

const before = { client: memory(), server: (await ask("memory")).rss };
const started = performance.now();
const sessions = await Promise.all(
  Array.from({ length: SESSIONS }, (_, at) => clients[at % 2].session(Counter)),
);
await Promise.all(sessions.map((session) => session.count({ text: "" })));
const opened = performance.now() - started;
const after = { client: memory(), server: (await ask("memory")).rss };

const one = performance.now();
for (let call = 0; call < CALLS / 10; call++) await warm.count({ text: "" });
const single = (CALLS / 10 / (performance.now() - one)) * 1000;

const busy = sessions.slice(0, AT_ONCE);
const many = performance.now();
await Promise.all(
  busy.map(async (session) => {
    for (let call = 0; call < CALLS / AT_ONCE; call++) await session.count({ text: "" });
  }),
);
const parallel = (CALLS / (performance.now() - many)) * 1000;

console.log(`idle session, client: ${kib(before.client, after.client, SESSIONS)} KiB`);
console.log(`idle session, server: ${kib(before.server, after.server, SESSIONS)} KiB`);
console.log(`opened with one call each: ${Math.round((SESSIONS / opened) * 1000)}/s`);
console.log(`calls in one session, one at a time: ${Math.round(single)}/s`);
console.log(`calls in ${AT_ONCE} sessions at once: ${Math.round(parallel)}/s`);
for (const client of clients) await client.close();
await ask("close");
