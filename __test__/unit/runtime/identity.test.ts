import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { developmentIdentity } from "../../../ts/src/identity.js";
import { collectingLogger } from "./harness.js";

let folder: string;
let log: ReturnType<typeof collectingLogger>;
const entry = () => path.join(folder, "src", "server.ts");
const keys = () => path.join(folder, ".aster", "keys");

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-identity-"));
  writeFileSync(path.join(folder, "package.json"), "{}");
  log = collectingLogger();
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the development key", () => {
  it("is the same at the next start of the same entry file", () => {
    const first = developmentIdentity(log, entry());
    first.release();
    const second = developmentIdentity(log, entry());
    expect(second.secretKey).toBe(first.secretKey);
    second.release();
    expect(log.lines).toEqual([]);
  });

  it("is different for each entry file", () => {
    const first = developmentIdentity(log, entry());
    const other = developmentIdentity(log, path.join(folder, "src", "other.ts"));
    expect(other.secretKey).not.toBe(first.secretKey);
    expect(log.lines).toEqual([]);
  });

  it.skipIf(process.platform === "win32")("is readable only by its owner, and ignored by git", () => {
    developmentIdentity(log, entry()).release();
    const file = readdirSync(keys()).find((name) => name.endsWith(".key"))!;
    expect(statSync(path.join(keys(), file)).mode & 0o777).toBe(0o600);
    expect(statSync(keys()).mode & 0o777).toBe(0o700);
    expect(readFileSync(path.join(folder, ".aster", ".gitignore"), "utf8")).toBe("*\n!manifest.json\n");
  });

  it("is locked for a second process, which gets a new key and logs a warning", () => {
    const first = developmentIdentity(log, entry());
    const second = developmentIdentity(log, entry());
    expect(second.secretKey).not.toBe(first.secretKey);
    expect(log.lines).toMatchObject([{ level: "warn" }]);
    second.release();
    expect(developmentIdentity(log, entry()).secretKey).not.toBe(first.secretKey);
    first.release();
    first.release();
    expect(developmentIdentity(log, entry()).secretKey).toBe(first.secretKey);
  });

  it("is free again when the process that locked it has died", () => {
    const first = developmentIdentity(log, entry());
    const lock = path.join(keys(), readdirSync(keys()).find((name) => name.endsWith(".lock"))!);
    // Process ids are far below this one. An entry with our own id but an old start time belongs to another process.
    for (const mark of ["4194305 1 aa\n", `${process.pid} 1 aa\n`, "nonsense"]) {
      writeFileSync(lock, mark);
      const next = developmentIdentity(log, entry());
      expect(next.secretKey).toBe(first.secretKey);
      next.release();
    }
    expect(log.lines).toEqual([]);
  });

  it("is not changed when its file is damaged, and a warning is logged", () => {
    developmentIdentity(log, entry()).release();
    const file = path.join(keys(), readdirSync(keys()).find((name) => name.endsWith(".key"))!);
    writeFileSync(file, "damaged");
    expect(developmentIdentity(log, entry()).secretKey).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(file, "utf8")).toBe("damaged");
    expect(log.lines).toMatchObject([{ level: "warn" }]);
  });

  it("leaves no temporary files", () => {
    developmentIdentity(log, entry()).release();
    expect(readdirSync(keys()).filter((name) => !name.endsWith(".key"))).toEqual([]);
  });
});
