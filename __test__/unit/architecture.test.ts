/** The arrows of `docs/architecture.md`: who may depend on whom, in cargo's graph and in TypeScript's imports. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { at, filesBelow, read } from "./support/tree.ts";

interface CargoPackage {
  readonly name: string;
  readonly dependencies: readonly { readonly name: string; readonly kind: string | null }[];
}

/** What each of our crates may depend on, of ours. Tests may use the testkit everywhere. */
const crateArrows: Readonly<Record<string, readonly string[]>> = {
  "aster-codec": [],
  "aster-wire": ["aster-codec"],
  "aster-contract": ["aster-codec"],
  "aster-trust": [],
  "aster-net": ["aster-wire", "aster-codec", "aster-trust", "aster-contract"],
  "aster-rpc": ["aster-net", "aster-wire", "aster-codec", "aster-contract"],
  "aster-registry": ["aster-net", "aster-wire", "aster-codec", "aster-trust", "aster-contract"],
  "aster-testkit": [
    "aster-codec",
    "aster-wire",
    "aster-contract",
    "aster-trust",
    "aster-net",
    "aster-registry",
  ],
  "aster-bridge": [
    "aster-codec",
    "aster-wire",
    "aster-contract",
    "aster-trust",
    "aster-net",
    "aster-registry",
  ],
};

/** Crates of others that only some of ours may name. */
const fences: readonly { readonly crates: RegExp; readonly only: readonly string[] }[] = [
  { crates: /^napi/, only: ["aster-bridge"] },
  { crates: /^(iroh|noq|quinn)/, only: ["aster-net", "aster-registry"] },
  { crates: /^tokio/, only: ["aster-net", "aster-rpc", "aster-registry", "aster-testkit", "aster-bridge"] },
];

function cargoPackages(): CargoPackage[] {
  const args = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
  const text = execFileSync("cargo", args, { cwd: at(), encoding: "utf8", maxBuffer: 1 << 26 });
  return (JSON.parse(text) as { packages: CargoPackage[] }).packages;
}

/** The layers of ts/src, lowest first: a file may import from its own layer and from lower ones. */
const layers: readonly (readonly string[])[] = [
  ["errors", "logging", "metadata", "options"],
  ["schema"],
  ["native"],
  ["codec"],
  ["rows"],
  ["client", "server", "node", "identity", "ticket"],
  ["index"],
  ["testing", "cli"],
];

/** The layer of a file of ts/src; -1 for a place that this list does not know. */
function layerOf(file: string): number {
  const [first = ""] = file
    .slice("ts/src/".length)
    .replace(/\.(ts|js)$/, "")
    .split("/");
  return layers.findIndex((layer) => layer.includes(first));
}

interface Import {
  readonly from: string;
  readonly to: string;
}

/** The imports of a file; `typeof import("...")` loads nothing and is none. */
function importsOf(file: string): Import[] {
  const code = read(file);
  return ts
    .preProcessFile(code)
    .importedFiles.filter(({ pos }) => !/typeof import\(\s*"?$/.test(code.slice(0, pos + 1)))
    .map(({ fileName }) => ({
      from: file,
      to: fileName.startsWith(".") ? path.posix.join(path.posix.dirname(file), fileName) : fileName,
    }));
}

const sources = filesBelow("ts/src", /\.ts$/);
const imports = sources.flatMap(importsOf);
const arrow = ({ from, to }: Import) => `${from} -> ${to}`;

describe("crates", () => {
  const packages = cargoPackages();
  const ours = new Set(packages.map((crate) => crate.name));

  it("are all known to this test", () => {
    expect([...ours].filter((name) => !(name in crateArrows))).toEqual([]);
  });

  it("depend on each other only along the arrows", () => {
    const wrong = packages.flatMap(({ name, dependencies }) =>
      dependencies
        .filter((dependency) => ours.has(dependency.name) && dependency.kind !== "dev")
        .filter((dependency) => !crateArrows[name]?.includes(dependency.name))
        .map((dependency) => `${name} -> ${dependency.name}`),
    );
    expect(wrong).toEqual([]);
  });

  it("reach for nothing of ours but the testkit in tests, unless it lies below them", () => {
    const wrong = packages.flatMap(({ name, dependencies }) =>
      dependencies
        .filter((dependency) => ours.has(dependency.name) && dependency.kind === "dev")
        .filter((dependency) => ![...(crateArrows[name] ?? []), "aster-testkit"].includes(dependency.name))
        .map((dependency) => `${name} -> ${dependency.name}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each(fences)("$crates is named by $only alone", ({ crates, only }) => {
    const naming = packages
      .filter(({ dependencies }) =>
        dependencies.some(({ name, kind }) => crates.test(name) && kind !== "dev"),
      )
      .map(({ name }) => name);
    expect(naming.filter((name) => !only.includes(name))).toEqual([]);
  });

  it("keep unsafe code in the bridge", () => {
    const unsafe = filesBelow("crates", /\.rs$/).filter((file) =>
      /\bunsafe\s*(\{|fn|impl|extern)/.test(read(file)),
    );
    expect(unsafe).toEqual([]);
  });
});

describe("TypeScript", () => {
  it("has a layer for every file", () => {
    expect(sources.filter((file) => layerOf(file) === -1)).toEqual([]);
  });

  it("imports only from its own layer and from lower ones", () => {
    const wrong = imports.filter(({ from, to }) => to.startsWith("ts/src/") && layerOf(to) > layerOf(from));
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("loads the addon in one place", () => {
    const loading = sources.filter((file) => /\("\.[^"]*binding\.cjs"\) as/.test(read(file)));
    expect(loading).toEqual(["ts/src/native/index.ts"]);
  });

  it("depends on nothing at run time but Node", () => {
    const foreign = imports.filter(({ to }) => !to.startsWith("ts/src/") && !to.startsWith("node:"));
    expect(foreign.map(arrow)).toEqual([]);
    expect(JSON.parse(read("package.json"))).not.toHaveProperty("dependencies");
  });

  it("has an index that is a table of contents", () => {
    const statements = read("ts/src/index.ts")
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
      .split(";")
      .map((statement) => statement.trim())
      .filter((statement) => statement !== "");
    expect(statements.filter((text) => !/^export [^=]+ from "[^"]+"$|^import "[^"]+"$/.test(text))).toEqual(
      [],
    );
  });
});

describe("files", () => {
  const lengths = (folder: string, match: RegExp) =>
    filesBelow(folder, match).map((file) => ({ file, lines: read(file).split("\n").length - 1 }));
  const isTest = (file: string) => /(^|\/)(__test__|tests|benches)\/|_tests?\.rs$|\.test\.ts$/.test(file);

  it("are no longer than 500 lines, tests 800", () => {
    const long = ["ts/src", "src", "crates", "scripts", "examples", "bench", "__test__"]
      .flatMap((folder) => lengths(folder, /\.(ts|mjs|rs|py)$/))
      .filter(({ file, lines }) => lines > (isTest(file) ? 800 : 500));
    expect(long).toEqual([]);
  });

  it("are half of them shorter than 150 lines", () => {
    const all = ["ts/src", "src", "crates"].flatMap((folder) => lengths(folder, /\.(ts|rs)$/));
    const sorted = all.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(150);
  });

  it("name no registry in the lock files", () => {
    for (const lock of filesBelow(".", /package-lock\.json$/)) {
      expect({ lock, resolved: read(lock).includes('"resolved"') }).toEqual({ lock, resolved: false });
    }
  });
});
