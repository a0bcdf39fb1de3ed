/**
 * Builds the Go peer of the interop tests. It first fetches the modules of go.mod and then builds. So an unreachable proxy (the
 * tests are skipped by name) is distinguished from sources that do not compile (a failure).
 */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { Missing } from "../support/console.mjs";
import { fetching } from "../support/fetching.mjs";
import { ask, at, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";

const source = path.join("__test__", "interop", "go");
const built = at(".cache", "interop", "go");
const peer = path.join(built, process.platform === "win32" ? "peer.exe" : "peer");
/** The Go version in go.mod. An older Go would try to fetch a toolchain. */
const MINOR = 24;

export const goStep = {
  name: "go",
  doing:
    "fetching Apache Fory for Go and building the Go peer of the interop tests (some 20 s the first time)",
  stamp: () => digest([source], { words: [ask("go", ["env", "GOVERSION"]) ?? ""] }),
  outputs: () => [peer],
  run: async () => {
    rmSync(built, { recursive: true, force: true });
    const [, minor] = /^go1\.(\d+)/.exec(ask("go", ["env", "GOVERSION"]) ?? "") ?? [];
    if (minor === undefined || Number(minor) < MINOR)
      throw new Missing(`the Go peer needs Go 1.${MINOR} or newer`);
    mkdirSync(built, { recursive: true });
    const options = { cwd: at(source) };
    await fetching("The Go modules cannot be fetched", "go", ["mod", "download"], options);
    await must("The Go peer does not build", "go", ["build", "-trimpath", "-o", peer, "."], options);
  },
};
