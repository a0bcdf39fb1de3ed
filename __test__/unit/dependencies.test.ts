/**
 * The dependencies of the repository: the rules of `deny.toml` for the crates of cargo, dependencies that are declared but
 * not used, and the licences of npm packages. (knip finds npm packages that nothing uses.)
 */
import { existsSync } from "node:fs";
import path from "node:path";
import semver from "semver";
import { parse } from "smol-toml";
import satisfies from "spdx-satisfies";
import { beforeAll, describe, expect, it } from "vitest";
import { type BuiltCrate, cratesOn, type OurCrate, ourCrates } from "./support/cargo.ts";
import { at, filesBelow, read } from "./support/tree.ts";

interface CrateRule {
  readonly crate: string;
  readonly reason: string;
}

interface Deny {
  readonly graph: { readonly targets: readonly string[] };
  readonly licenses: { readonly allow: readonly string[] };
  readonly bans: { readonly deny: readonly CrateRule[]; readonly skip: readonly CrateRule[] };
}

interface Manifest {
  readonly workspace: { readonly dependencies: Readonly<Record<string, unknown>> };
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly license?: string; readonly dev?: boolean; readonly optional?: boolean }>
  >;
}

const deny = parse(read("deny.toml")) as unknown as Deny;

/** Older crates write a slash for "or". */
const spdx = (license: string): string => license.replace(/\s*\/\s*/g, " OR ");

function isAllowed(license: string, allowed: readonly string[]): boolean {
  try {
    return satisfies(spdx(license), [...allowed]);
  } catch {
    return false; // not a licence expression
  }
}

/** True when a rule such as `name`, `name@1.2` (these versions) or `name:<1.2.3` (a range) includes the crate. */
function means({ crate }: CrateRule, { name, version }: BuiltCrate): boolean {
  const [, wanted, range = "*"] = /^([^@:]+)(?:[@:](.+))?$/.exec(crate) ?? [];
  return name === wanted && semver.satisfies(version, range, { includePrerelease: true });
}

const hasPlain = (crate: OurCrate, name: string): boolean =>
  crate.dependencies.some((other) => other.name === name && other.kind === null);

const title = ({ name, version }: BuiltCrate): string => `${name} ${version}`;

describe("crates of other projects", () => {
  const crates = new Map<string, BuiltCrate>();
  beforeAll(() => {
    for (const triple of deny.graph.targets)
      for (const crate of cratesOn(triple)) crates.set(title(crate), crate);
  }, 120_000);

  it("are checked for every platform that the addon is built for", () => {
    const { napi } = JSON.parse(read("package.json")) as { napi: { targets: string[] } };
    expect(deny.graph.targets).toEqual(napi.targets);
    expect(crates.size).toBeGreaterThan(100);
  });

  it("have licences that deny.toml allows", () => {
    const foreign = [...crates.values()].filter(({ license }) => !isAllowed(license, deny.licenses.allow));
    expect(foreign.map((crate) => `${title(crate)}: ${crate.license}`)).toEqual([]);
  });

  it("come only from the crate registry", () => {
    const elsewhere = [...crates.values()].filter(
      ({ source }) =>
        source !== null && (!path.isAbsolute(source) || path.relative(at(), source).startsWith("..")),
    );
    expect(elsewhere.map((crate) => `${title(crate)}: ${crate.source}`)).toEqual([]);
  });

  it("are not denied by deny.toml", () => {
    const refused = [...crates.values()].flatMap((crate) =>
      deny.bans.deny.filter((rule) => means(rule, crate)).map(({ reason }) => `${title(crate)}: ${reason}`),
    );
    expect(refused).toEqual([]);
  });

  it("have one version each, except those that deny.toml lists with a reason", () => {
    const counted = [...crates.values()].filter(
      (crate) => !deny.bans.skip.some((rule) => means(rule, crate)),
    );
    const twice = counted.filter((crate) =>
      counted.some((other) => other.name === crate.name && other !== crate),
    );
    expect(twice.map(title)).toEqual([]);
  });

  it("exist, when deny.toml lists them as a second version", () => {
    const all = [...crates.values()];
    const stale = deny.bans.skip.filter((rule) => {
      const names = all.filter((crate) => means(rule, crate)).map(({ name }) => name);
      return !names.some((name) => all.filter((crate) => crate.name === name).length > 1);
    });
    expect(stale).toEqual([]);
  });
});

describe("crates of this repository", () => {
  const ours = ourCrates();
  const folderOf = (crate: OurCrate): string =>
    path.relative(at(), path.dirname(crate.manifest_path)).replaceAll("\\", "/");

  /** The code of a crate without comments: the code that ships, or all other code. */
  function codeOf(crate: OurCrate, kind: "dev" | "build" | null): string {
    const folder = folderOf(crate);
    const parts = { dev: ["src", "tests", "benches", "examples"], build: ["build.rs"], none: ["src"] };
    return parts[kind ?? "none"]
      .map((part) => path.posix.join(folder, part))
      .filter((part) => existsSync(at(part)))
      .flatMap((part) => (part.endsWith(".rs") ? [part] : filesBelow(part, /\.rs$/)))
      .map((file) => read(file).replace(/\/\/.*$/gm, ""))
      .join("\n");
  }

  it("use every dependency that they declare", () => {
    const unused = ours.flatMap((crate) =>
      crate.dependencies
        // A dependency may be listed again for its features, as tests do. Then the other entry counts.
        .filter(({ name, kind }) => kind !== "dev" || !hasPlain(crate, name))
        .filter(({ name, rename, kind }) => {
          const word = (rename ?? name).replaceAll("-", "_");
          return !new RegExp(`(?<![\\w.])${word}(::|;| as\\b)`).test(codeOf(crate, kind));
        })
        .map(({ name, kind }) => `${crate.name} -> ${name}${kind === null ? "" : ` (${kind})`}`),
    );
    expect(unused).toEqual([]);
  });

  it("use every version that the workspace declares", () => {
    const { workspace } = parse(read("Cargo.toml")) as unknown as Manifest;
    const used = new Set(ours.flatMap(({ dependencies }) => dependencies.map(({ name }) => name)));
    expect(Object.keys(workspace.dependencies).filter((name) => !used.has(name))).toEqual([]);
  });
});

describe("npm packages", () => {
  /** Allowed in addition to the licences for crates, for packages that are never shipped. CC-BY is for lists of licences. */
  const tools = ["BlueOak-1.0.0", "Python-2.0", "PSF-2.0", "0BSD", "CC-BY-3.0"];
  const { packages } = JSON.parse(read("package-lock.json")) as Lock;
  const others = Object.entries(packages).filter(([name]) => name !== "");

  it("are only development dependencies", () => {
    expect(others.filter(([, { dev }]) => dev !== true).map(([name]) => name)).toEqual([]);
  });

  it("have licences that are allowed", () => {
    // The lock file has no licences for binaries of other platforms. They belong to packages whose licences it has.
    const wrong = others.filter(
      ([, { license, optional }]) =>
        !(license === undefined && optional === true) &&
        !isAllowed(license ?? "", [...deny.licenses.allow, ...tools]),
    );
    expect(wrong.map(([name, { license }]) => `${name}: ${license}`)).toEqual([]);
  });
});
