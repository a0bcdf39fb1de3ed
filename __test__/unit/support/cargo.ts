/** What cargo reports about the workspace, for the tests that check crates and dependencies. */
import { execFileSync } from "node:child_process";
import { at } from "./tree.ts";

export interface CargoDependency {
  /** The name of the package. */
  readonly name: string;
  /** The name in code, when the manifest sets another one. */
  readonly rename: string | null;
  readonly kind: "dev" | "build" | null;
  readonly req: string;
}

/** A crate of this repository. */
export interface OurCrate {
  readonly name: string;
  readonly manifest_path: string;
  readonly dependencies: readonly CargoDependency[];
}

/** A crate of a build, from any source. */
export interface BuiltCrate {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, or an empty string. */
  readonly license: string;
  /** A folder, a git address or a registry. Null for the default registry of cargo. */
  readonly source: string | null;
}

function cargo(...args: string[]): string {
  return execFileSync("cargo", args, {
    cwd: at(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 28,
  });
}

export function ourCrates(): readonly OurCrate[] {
  const text = cargo("metadata", "--no-deps", "--offline", "--format-version", "1");
  return (JSON.parse(text) as { packages: OurCrate[] }).packages;
}

/**
 * All crates that are needed to build the workspace and its tests for a platform, from `cargo tree`. (`cargo metadata` also
 * lists crates of features that are off.) Cargo fetches manifests that this machine does not have.
 */
export function cratesOn(triple: string): BuiltCrate[] {
  const edges = ["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}|{l}"];
  const lines = cargo("tree", "--workspace", "--locked", "--target", triple, ...edges).split("\n");
  return lines.filter(Boolean).map((line) => {
    const [, name, version, notes, license] =
      /^(\S+) v(\S+)((?: \([^)]*\))*)\|(.*?)(?: \(\*\))?$/.exec(line) ?? [];
    if (name === undefined || version === undefined) throw new Error(`cargo tree says "${line}"`);
    const source = /\(((?!proc-macro\)).*?)\)/.exec(notes ?? "")?.[1] ?? null;
    return { name, version, license: license ?? "", source };
  });
}
