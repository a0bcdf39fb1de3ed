/** Faults of the machine for child processes: another time, and a full disk (`fault-shim.c`). Only on Linux. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("fault-shim.c", import.meta.url));

/** Why child processes cannot have these faults here; "" when they can. */
export const shimProblem: string = process.platform === "linux" ? "" : "only on Linux";

/** The faults of one child process. It keeps files in a folder of its own. */
export class Shim {
  /** The folder that can be full. */
  readonly disk: string;
  /** The variables of the child process. */
  readonly env: Readonly<Record<string, string>>;
  readonly #clock: string;
  readonly #full: string;

  constructor(folder: string) {
    const library = path.join(folder, "fault-shim.so");
    mkdirSync(folder, { recursive: true });
    execFileSync("cc", ["-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
    this.disk = path.join(folder, "disk");
    this.#clock = path.join(folder, "clock");
    this.#full = path.join(folder, "full");
    mkdirSync(this.disk);
    writeFileSync(this.#clock, Buffer.alloc(8));
    this.env = {
      LD_PRELOAD: library,
      ASTER_CLOCK: this.#clock,
      ASTER_DISK: this.disk,
      ASTER_DISK_FULL: this.#full,
    };
  }

  /** Sets the clock so far ahead of that of the machine. */
  setClock(aheadMs: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(aheadMs));
    // In place, because the process has mapped the file.
    const file = openSync(this.#clock, "r+");
    writeSync(file, bytes, 0, bytes.length, 0);
    closeSync(file);
  }

  /** Lets the disk be full, or not any more. */
  setFull(full: boolean): void {
    if (full) writeFileSync(this.#full, "");
    else rmSync(this.#full, { force: true });
  }
}
