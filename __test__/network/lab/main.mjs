/**
 * Runs cells of the lab, in namespaces of its own. Must be started in a new network and mount namespace:
 *
 *     unshare --net --mount node main.mjs '{"cells": [...], "lanes": 2}'
 *
 * Prints a line of JSON for each cell. The namespaces go with this process.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "./child.mjs";
import { nameRelay, startRelay } from "./relay.mjs";
import { Topology } from "./topology.mjs";

const { cells, lanes } = JSON.parse(process.argv[2]);
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

// The names of namespaces are files. These are seen by this process alone.
execFileSync("mount", ["-t", "tmpfs", "none", "/run"]);
const folder = mkdtempSync(path.join(tmpdir(), "aster-lab-"));
nameRelay(folder);

class Lane {
  #topology;
  #children;
  #relay;
  #hosts;

  static async start(number) {
    const lane = new Lane();
    const topology = new Topology(number);
    const { child, relay } = await startRelay(topology, path.join(folder, `${number}`));
    const host = (name) => new Child([...topology.within(name), process.execPath, here("host.mjs")]);
    lane.#topology = topology;
    lane.#hosts = { a: host("a"), b: host("b") };
    lane.#relay = relay;
    lane.#children = [child, ...Object.values(lane.#hosts)];
    return lane;
  }

  async run({ family, nats, udp, directWithinMs }) {
    const blocked = {
      open: [true, true],
      "blocked on one": [false, true],
      "blocked on both": [false, false],
    }[udp];
    const families = [family];
    this.#topology.side("a", { nat: nats[0], udp: blocked[0], families });
    this.#topology.side("b", { nat: nats[1], udp: blocked[1], families });
    const relay = this.#relay;
    const { a, b } = this.#hosts;
    try {
      const { ticket } = await b.ask({ do: "serve", options: { relay } });
      const result = await a.ask({ do: "call", address: ticket, options: { relay }, directWithinMs });
      return { family, nats, udp, ...result };
    } catch (error) {
      return { family, nats, udp, error: error.message };
    } finally {
      await Promise.all([a.ask({ do: "close" }), b.ask({ do: "close" })]);
    }
  }

  end() {
    for (const child of this.#children) child.end();
  }
}

const left = [...cells];
async function work(number) {
  const lane = await Lane.start(number);
  for (let cell = left.shift(); cell !== undefined; cell = left.shift())
    process.stdout.write(`${JSON.stringify(await lane.run(cell))}\n`);
  lane.end();
}

await Promise.all(Array.from({ length: lanes }, (_, number) => work(number)));
process.exit(0);
