/**
 * Runs the events of a migration on live calls, each in a small internet of its own. Must be started in a new network and mount namespace.
 * Prints a list of what happened as JSON.
 *
 *     unshare --net --mount node migrate.mjs EVENT...
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { checkLedger, readLedger } from "aster-rpc/testing";
import { Child } from "./child.mjs";
import { events } from "./events.mjs";
import { nameRelay, startRelay } from "./relay.mjs";
import { Topology } from "./topology.mjs";

execFileSync("mount", ["-t", "tmpfs", "none", "/run"]);
const folder = mkdtempSync(path.join(tmpdir(), "aster-move-"));
nameRelay(folder);
const program = fileURLToPath(new URL("moving.mjs", import.meta.url));

async function happen(name, { nats, begins, ends, act }, lane) {
  const topology = new Topology(lane);
  for (const [at, side] of ["a", "b"].entries())
    topology.side(side, { nat: nats[at], udp: begins === "direct", families: ["v4"] });
  const files = ["a", "b"].map((side) => path.join(folder, `${lane}-${side}.jsonl`));
  const [a, b] = ["a", "b"].map(
    (side, at) => new Child([...topology.within(side), process.execPath, program, files[at]]),
  );
  let relay = await startRelay(topology, path.join(folder, "relay"));
  const options = { relay: relay.relay };
  const restartRelay = async () => {
    relay.child.end();
    relay = await startRelay(topology, path.join(folder, "relay"));
  };
  try {
    const { ticket } = await b.ask({ do: "serve", options });
    await a.ask({ do: "live", address: ticket, options, kind: begins });
    await act({
      topology,
      a,
      b,
      delay,
      restartRelay,
      more: (kind) => a.ask({ do: "more", calls: 5, kind, withinMs: 15_000 }),
    });
    const settled = await a.ask({ do: "more", calls: 20, kind: ends, withinMs: 30_000 });
    const report = await a.ask({ do: "report" });
    await b.ask({ do: "close" });
    const violations = checkLedger(files.flatMap((file) => readLedger(file)));
    return { name, ...report, settledMs: settled.tookMs, violations };
  } catch (error) {
    return { name, error: error.message };
  } finally {
    for (const child of [a, b, relay.child]) child.end();
  }
}

const results = [];
for (const [lane, name] of process.argv.slice(2).entries())
  results.push(await happen(name, events[name], lane));
process.stdout.write(`${JSON.stringify(results)}\n`);
process.exit(0);
