/** The library works in programs that have frozen what every program shares. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const program = fileURLToPath(new URL("fixtures/frozen-intrinsics.mjs", import.meta.url));

it.each([[], ["--frozen-intrinsics"]])(
  "calls work and fail as usual with a frozen Error %s",
  async (...flags) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
    expect(JSON.parse(stdout)).toEqual([1, "NOT_FOUND", "INTERNAL", "INVALID_ARGUMENT"]);
  },
);
