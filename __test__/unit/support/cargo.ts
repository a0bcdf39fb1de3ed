/** What cargo knows of the workspace, for the tests that hold crates and dependencies to the rules. */
import { execFileSync } from "node:child_process";
import { at } from "./tree.ts";

export interface CargoDependency {
  /** The name of the package. */
  readonly name: string;
  /** The name in code, where the manifest gives another one. */
  readonly rename: string | null;
  readonly kind: "dev" | "build" | null;
  readonly req: string;
}

/** A crate of this tree. */
export interface OurCrate {
  readonly name: string;
  readonly manifest_path: string;
  readonly dependencies: readonly CargoDependency[];
}

/** A crate of a build, from wherever it comes. */
export interface BuiltCrate {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, or empty. */
  readonly license: string;
  /** A folder, a git address or a registry; null for the registry that cargo uses without being told. */
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
 * Everything that building the workspace and its tests takes on a platform, by `cargo tree`: `cargo metadata` also lists crates of
 * features that are off. Cargo fetches what the machine lacks of the manifests.
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
