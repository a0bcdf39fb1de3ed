/** A process that runs out of file descriptors. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./processes/descriptors.mjs", import.meta.url));

it.skipIf(process.platform === "win32")(
  "calls go on without free descriptors, a new endpoint fails with an error, and works when there are some",
  async () => {
    const command = 'ulimit -n 128 && exec "$0" "$1"';
    const { stdout } = await run("sh", ["-c", command, process.execPath, script], { timeout: 60_000 });
    const { refused, ...seen } = JSON.parse(stdout) as Record<string, unknown>;
    expect(seen).toEqual({ event: "over", exhausted: "EMFILE", echoes: 50, id: 7 });
    expect(["UNAVAILABLE", "FAILED_PRECONDITION"]).toContain(refused);
  },
);
