// Resource usage of a process: CPU time of all its threads, context switches, and CPU time of its child processes.
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100; // Linux reports /proc times in USER_HZ, which is 100 on every architecture that Node runs on

/** CPU seconds and context switches of this process and its children since they started. */
export function usage() {
  const cpu = process.cpuUsage();
  const resources = process.resourceUsage();
  return {
    cpuSeconds: (cpu.user + cpu.system) / 1e6 + childrenCpuSeconds("self"),
    contextSwitches: resources.voluntaryContextSwitches + resources.involuntaryContextSwitches,
  };
}

/** The usage between two snapshots. */
export const difference = (before, after) => ({
  cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  contextSwitches: after.contextSwitches - before.contextSwitches,
});

function childrenCpuSeconds(pid) {
  if (process.platform !== "linux") return 0; // currently no peer starts child processes
  let seconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    for (const child of read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean)) {
      // After the command in parentheses: state is field 3, utime and stime are 14 and 15.
      const fields = read(`/proc/${child}/stat`)
        .replace(/^.*\) /s, "")
        .split(" ");
      seconds += ((Number(fields[11]) || 0) + (Number(fields[12]) || 0)) / ticksPerSecond;
      seconds += childrenCpuSeconds(child);
    }
  }
  return seconds;
}

/** A thread or child may end between listing and reading; then it counts as 0. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
