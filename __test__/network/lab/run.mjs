/** Starts the lab of `main.mjs` in namespaces of its own. */
import { execFileSync, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * @typedef {"none" | "endpoint-independent" | "port-restricted" | "symmetric"} Nat
 * @typedef {"open" | "blocked on one" | "blocked on both"} Udp
 * @typedef {{ readonly family: "v4" | "v6", readonly nats: readonly [Nat, Nat], readonly udp: Udp }} LabCell
 *   the NAT of the client and that of the server
 * @typedef {LabCell & {
 *   readonly error?: string,
 *   readonly answered: boolean,
 *   readonly firstCallMs: number,
 *   readonly directMs: number | null,
 *   readonly kind: "direct" | "relay" | "none",
 *   readonly bytesDirect: number,
 *   readonly bytesRelayed: number,
 * }} LabResult
 *   what happened in a cell. `error`: why it failed; the other members are missing then. Times are milliseconds from the start of
 *   connecting. `kind`: the path at the end
 */

/** @type {readonly Nat[]} */
export const NATS = ["none", "endpoint-independent", "port-restricted", "symmetric"];
/** @type {readonly Udp[]} */
export const UDP = ["open", "blocked on one", "blocked on both"];
/** @type {readonly ("v4" | "v6")[]} */
export const FAMILIES = ["v4", "v6"];

const main = fileURLToPath(new URL("main.mjs", import.meta.url));
/** As root no namespace of users is needed. */
const enter = ["--net", "--mount", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"])];

/**
 * Why the lab cannot run on this machine, or null.
 * @returns {string | null}
 */
export function labProblem() {
  if (process.platform !== "linux") return "network namespaces exist only on Linux";
  for (const command of ["ip", "nft", "unshare"]) {
    try {
      execFileSync("sh", ["-c", `command -v ${command}`]);
    } catch {
      return `the command ${command} is missing (Debian: apt-get install iproute2 nftables util-linux)`;
    }
  }
  const probe =
    "mount -t tmpfs none /run && ip netns add probe && ip netns exec probe nft add table inet probe";
  try {
    execFileSync("unshare", [...enter, "sh", "-c", probe], { stdio: "pipe" });
    return null;
  } catch {
    return "network namespaces with nft are not allowed here (root or unprivileged user namespaces are needed)";
  }
}

/**
 * Runs a program of the lab in namespaces of its own, and returns what it printed: a JSON text.
 * @param {string} file
 * @param {readonly string[]} [args]
 */
export function runAlone(file, args = []) {
  const program = fileURLToPath(new URL(file, import.meta.url));
  return JSON.parse(
    execFileSync("unshare", [...enter, process.execPath, program, ...args], { encoding: "utf8" }),
  );
}

/** How long to wait for a direct path, in milliseconds: where there is one, and to see that there is none. */
const [DIRECT_WITHIN_MS, STAYS_MS] = [15_000, 2000];

/**
 * Runs cells, several at a time.
 * @param {readonly LabCell[]} cells
 * @param {number} lanes
 * @param {(result: LabResult) => void} [told]
 * @returns {Promise<LabResult[]>}
 */
export async function runLab(cells, lanes = 2, told = () => {}) {
  const timed = cells.map((cell) => ({
    ...cell,
    directWithinMs: isDirect(cell) ? DIRECT_WITHIN_MS : STAYS_MS,
  }));
  const task = JSON.stringify({ cells: timed, lanes });
  const child = spawn("unshare", [...enter, process.execPath, main, task], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  /** @type {LabResult[]} */
  const results = [];
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const result = JSON.parse(line);
    results.push(result);
    told(result);
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the lab ended with ${code}: ${stderr}`);
  return results;
}

/**
 * Whether two peers behind these NATs find a direct path: one of them must be reachable at the port that the other learns.
 * @param {LabCell} cell
 */
export function isDirect({ nats, udp }) {
  const hard = nats.filter((nat) => nat === "symmetric").length;
  return udp === "open" && (hard === 0 || (hard === 1 && !nats.includes("port-restricted")));
}
