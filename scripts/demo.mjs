/**
 * The demo: runs the server and the client of examples/billing as two processes on loopback. Exits with the code of
 * the client after the server has stopped.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { setup } from "./setup.mjs";
import { bold, dim, green, heading, main, Problem, say } from "./support/console.mjs";
import { at, root } from "./support/process.mjs";

const START_MS = 20_000;
const STOP_MS = 10_000;

await main(async () => {
  await setup(["dependencies", "addon", "library"]);
  heading("Demo: a billing service in one process, its client in another");
  const server = example("server", dim);
  try {
    const ticket = await ticketOf(server);
    const client = example("client", (text) => text, [ticket]);
    const [code] = await once(client.process, "close");
    if (code !== 0) throw new Problem(`The client ended with code ${code}; its output is above.`);
  } finally {
    await stop(server);
  }
  say(`\n${green(bold("The demo succeeded."))} Its code is in examples/billing.`);
});

/** Starts an example with the loader that Node 20 needs. Its output lines are printed after its name. */
function example(name, paint, args = []) {
  const file = at("examples", "billing", `${name}.ts`);
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => say(paint(`${name} | ${line}`)));
  return { process: child, lines };
}

async function ticketOf(server) {
  let timer;
  const closed = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Problem(`The server printed no ticket: ${why}.`));
      timer = setTimeout(() => fail(`no output within ${START_MS / 1000} s`), START_MS);
      once(server.process, "close", { signal: closed.signal }).then(
        ([code]) => fail(`it ended with code ${code}`),
        () => {},
      );
      server.lines.on("line", (line) => {
        const ticket = /^ticket\s+(aster1\S+)/.exec(line)?.[1];
        if (ticket !== undefined) resolve(ticket);
      });
    });
  } finally {
    clearTimeout(timer);
    closed.abort();
  }
}

async function stop({ process: child }) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await closed;
  clearTimeout(timer);
  if (child.exitCode !== 0) throw new Problem("The server did not stop with exit code 0.");
}
