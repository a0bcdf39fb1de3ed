// One cell of the table in one round: a new server process and a new client process of one peer run one workload. The
// processes are new, so no workload is influenced by code or memory of an earlier one.
import { fork } from "node:child_process";
import { join } from "node:path";
import { childEnvironment, reasonOf } from "../environment.mjs";

const worker = join(import.meta.dirname, "worker.mjs");
const limitMs = 180_000;

/** Runs the cell and returns the sample. If the peer fails, the result is `{ error }`, and the run continues. */
export async function runCell({ name, settings, workload, plan }) {
  const weighed = workload === "W5" || workload === "echo";
  const memory = weighed ? memoryOf : async () => null;
  const flags = weighed ? ["--expose-gc"] : [];
  const [server, client] = [startProcess(flags), startProcess(flags)];
  try {
    const address = await server.ask("serve", { name, settings });
    const parameters = { name, settings, address, workload, plan };
    await client.ask("connect", parameters);
    const memoryBefore = await memory(server, client);
    await server.ask("begin");
    const measured = await client.ask("measure", parameters);
    const served = await server.ask("end");
    return toSample(measured, served, memoryBefore, await memory(server, client));
  } catch (error) {
    return { error: reasonOf(error.message) };
  } finally {
    await Promise.all([client.stop(), server.stop()]);
  }
}

async function memoryOf(server, client) {
  return { server: await server.ask("memory"), client: await client.ask("memory") };
}

/** The total figures of the section, and the figures for one unit (call, item, MiB or connection). */
function toSample(client, server, memoryBefore, memoryAfter) {
  const cpuSeconds = client.cpuSeconds + server.cpuSeconds;
  const switches = client.contextSwitches + server.contextSwitches;
  const grown = (side) => (memoryAfter === null ? null : memoryAfter[side] - memoryBefore[side]);
  const grownPerUnit = (side) => (memoryAfter === null ? null : grown(side) / 1024 / client.units);
  return {
    units: client.units,
    seconds: client.seconds,
    perSecond: client.units / client.seconds,
    p50Us: client.p50Us ?? null,
    p99Us: client.p99Us ?? null,
    clientCpuSeconds: client.cpuSeconds,
    serverCpuSeconds: server.cpuSeconds,
    cpuUsPerUnit: (cpuSeconds * 1e6) / client.units,
    switchesPerUnit: switches / client.units,
    serverGrowthMiB: memoryAfter === null ? null : grown("server") / 2 ** 20,
    serverKiBPerConnection: grownPerUnit("server"),
    clientKiBPerConnection: grownPerUnit("client"),
  };
}

function startProcess(execArgv) {
  const child = fork(worker, {
    execArgv,
    env: childEnvironment(),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints = (complaints + text).slice(-2000);
  });
  const ask = (command, parameters = {}) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle(reject, new Error(`${command}: no answer in ${limitMs} ms`)),
        limitMs,
      );
      const onMessage = ({ value, error }) =>
        error === undefined ? settle(resolve, value) : settle(reject, new Error(error));
      const onExit = (code) =>
        settle(reject, new Error(`${command}: the process ended (${code})\n${complaints}`));
      const settle = (how, what) => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onExit);
        how(what);
      };
      child.on("message", onMessage).on("exit", onExit);
      child.send({ command, ...parameters });
    });
  const stop = () => {
    child.kill("SIGKILL");
    return exited;
  };
  return { ask, stop };
}
