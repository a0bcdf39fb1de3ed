/** The allowed dependencies of `docs/architecture.md`: between crates, and between the parts of `ts/src`. */
import { describe, expect, it } from "vitest";
import { ourCrates } from "./support/cargo.ts";
import { circles, type Import, imports, sources } from "./support/imports.ts";
import { moduleGraph, plainCode } from "./support/rust-modules.ts";
import { filesBelow, read } from "./support/tree.ts";

/** The crates of this repository that each crate may depend on. Tests of every crate may use the testkit. */
const crateArrows: Readonly<Record<string, readonly string[]>> = {
  "aster-codec": [],
  "aster-wire": ["aster-codec"],
  "aster-contract": ["aster-codec"],
  "aster-trust": [],
  "aster-net": ["aster-wire", "aster-codec", "aster-trust", "aster-contract"],
  "aster-rpc": ["aster-net", "aster-wire", "aster-codec", "aster-contract"],
  "aster-port": ["aster-net", "aster-wire", "aster-codec"],
  "aster-registry": ["aster-net", "aster-wire", "aster-codec", "aster-trust", "aster-contract"],
  "aster-relay": [],
  "aster-link": [],
  "aster-testkit": [
    "aster-link",
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
    "aster-port",
    "aster-registry",
    "aster-relay",
    // For `aster-rpc/testing`.
    "aster-link",
  ],
};

/** Crates of other projects that only some of our crates may use. */
const fences: readonly { readonly crates: RegExp; readonly only: readonly string[] }[] = [
  { crates: /^napi/, only: ["aster-bridge"] },
  { crates: /^(iroh|noq|quinn)/, only: ["aster-net", "aster-registry", "aster-relay"] },
  {
    crates: /^tokio/,
    only: [
      "aster-net",
      "aster-port",
      "aster-rpc",
      "aster-registry",
      "aster-testkit",
      "aster-bridge",
      "aster-link",
    ],
  },
];

/** Groups of modules of a crate that may use each other in a circle, with the reason. Every other circle is an error. */
const knownModuleCircles: readonly { readonly why: string; readonly files: readonly string[] }[] = [
  {
    why: "a graph holds values, and a value with shared parts refers to its graph",
    files: ["crates/codec/src/{graph,value}"],
  },
  {
    why: "records check their limits when they are read, and one limit is on a record, the status",
    files: ["crates/wire/src/limit", "crates/wire/src/record/{fory,json,mod}"],
  },
  {
    why: "the I/O thread rings the doorbells before it sleeps, and a doorbell asks which thread rings it",
    files: ["src/{doorbell,runtime}"],
  },
];

/** The parts of ts/src: the files of a part, and the other parts that it may import from. */
interface Part {
  readonly files: RegExp;
  readonly from: readonly string[];
}

// A file belongs to the first part that matches. `builders` makes schemas and gives messages their `encode` and `decode`,
// so it is above the codec; `schema` is what schemas are.
const parts: Readonly<Record<string, Part>> = {
  constants: { files: /^native\/constants\.ts$/, from: [] },
  base: { files: /^(errors|logging|options|metadata|message|pairs|status-facts)\.ts$/, from: ["constants"] },
  native: { files: /^native\//, from: ["constants", "base"] },
  builders: {
    files: /^schema\/(index|message|message-class|decorators)\.ts$/,
    from: ["base", "native", "schema", "codec"],
  },
  schema: { files: /^schema\//, from: ["base", "native"] },
  codec: { files: /^codec\//, from: ["base", "native", "schema"] },
  rows: { files: /^rows\//, from: ["base", "native", "schema", "codec"] },
  identity: { files: /^(identity|ticket)\.ts$/, from: ["base", "native"] },
  trust: { files: /^trust\//, from: ["base", "native", "identity"] },
  port: { files: /^port\//, from: ["constants", "base", "native"] },
  service: { files: /^service\//, from: ["base", "native", "schema", "codec", "builders"] },
  client: { files: /^client\//, from: ["constants", "base", "native", "schema", "codec", "port", "service"] },
  // A handler may call its caller back.
  server: {
    files: /^server\//,
    from: ["constants", "base", "native", "schema", "codec", "port", "service", "client"],
  },
  node: {
    files: /^node\//,
    from: ["base", "native", "schema", "identity", "port", "service", "client", "server"],
  },
  testing: {
    files: /^testing\//,
    from: ["base", "native", "schema", "identity", "port", "client", "server", "node"],
  },
  index: {
    files: /^index\.ts$/,
    from: ["base", "native", "builders", "rows", "identity", "client", "server", "node"],
  },
  // What runs before a command is chosen; it loads the code of that command alone, when it runs.
  entry: { files: /^cli\/(main|run|command|commands|trust\/commands)\.ts$/, from: ["base", "cli"] },
  cli: {
    files: /^cli\//,
    from: ["base", "native", "schema", "builders", "trust", "service", "node", "testing", "entry"],
  },
};

const partOf = (file: string): string | undefined =>
  Object.keys(parts).find((name) => parts[name]?.files.test(file.slice("ts/src/".length)));

/** Groups of files that may import each other in a circle, with the reason. Every other circle is an error. */
const knownCircles: readonly { readonly why: string; readonly files: readonly string[] }[] = [
  {
    why: "schemas contain schemas, and each validates itself (Standard Schema), which walks them again",
    files: [
      "schema/brand",
      "schema/class-schemas",
      "schema/definition",
      "schema/descriptor",
      "schema/enum",
      "schema/nesting",
      "schema/schema",
      "schema/validate",
    ],
  },
  {
    why: "a dynamic value may be tracked, and a tracked value may contain dynamic values",
    files: ["codec/read-dynamic", "codec/read-reference"],
  },
  {
    why: "types only: a shape names its reader and writer, which name the shapes of what they contain",
    files: [
      "codec/extension",
      "codec/meta-string",
      "codec/read-text",
      "codec/reader",
      "codec/references",
      "codec/shape",
      "codec/tracked-types",
      "codec/typed-array",
      "codec/write-dynamic",
      "codec/write-scalar",
      "codec/writing",
    ],
  },
];

const arrow = ({ from, to }: Import) => `${from} -> ${to}`;

describe("crates", () => {
  const packages = ourCrates();
  const ours = new Set(packages.map((crate) => crate.name));

  it("are all known to this test", () => {
    expect([...ours].filter((name) => !(name in crateArrows))).toEqual([]);
  });

  it("depend on each other only as the list above allows", () => {
    const wrong = packages.flatMap(({ name, dependencies }) =>
      dependencies
        .filter((dependency) => ours.has(dependency.name) && dependency.kind !== "dev")
        .filter((dependency) => !crateArrows[name]?.includes(dependency.name))
        .map((dependency) => `${name} -> ${dependency.name}`),
    );
    expect(wrong).toEqual([]);
  });

  it("use only the testkit and crates below them in tests", () => {
    const wrong = packages.flatMap(({ name, dependencies }) =>
      dependencies
        .filter((dependency) => ours.has(dependency.name) && dependency.kind === "dev")
        .filter((dependency) => ![...(crateArrows[name] ?? []), "aster-testkit"].includes(dependency.name))
        .map((dependency) => `${name} -> ${dependency.name}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each(fences)("$crates is used by $only alone", ({ crates, only }) => {
    const naming = packages
      .filter(({ dependencies }) =>
        dependencies.some(({ name, kind }) => crates.test(name) && kind !== "dev"),
      )
      .map(({ name }) => name);
    expect(naming.filter((name) => !only.includes(name))).toEqual([]);
  });

  it("contain unsafe code only in the bridge", () => {
    const unsafe = filesBelow("crates", /\.rs$/).filter((file) =>
      /\bunsafe\s*(\{|fn|impl|extern)/.test(read(file)),
    );
    expect(unsafe).toEqual([]);
  });
});

describe("modules of a crate", () => {
  it("are read without comments, texts and tests", () => {
    const code = plainCode(`
      use a::B; // use c::D;
      const TEXT: &str = "use e::F; {"; const RAW: &str = r#"" }"#; const SIGN: char = '}';
      fn f<'a>(x: &'a str) {}
      #[cfg(test)]
      mod tests { use super::*; fn g() { h("}") } }
      fn after() {}
    `);
    expect(code.match(/\b[a-zA-Z]\w+\b/g)).toEqual([
      "use",
      "const",
      "TEXT",
      "str",
      "const",
      "RAW",
      "str",
      "const",
      "SIGN",
      "char",
      "fn",
      "str",
      "fn",
      "after",
    ]);
  });

  it("use the module that defines an item, by whatever path they name it", () => {
    const { arrows } = moduleGraph("crates/codec/src/lib.rs");
    const from = (file: string) =>
      arrows
        .filter((one) => one.from === `crates/codec/src/${file}.rs`)
        .map(({ to }) => to.slice("crates/codec/src/".length));
    // `crate::CodecError` and `crate::limits` belong to the modules that define them. The parent defines `super::ReadError`.
    expect(from("check")).toEqual(
      ["error", "decode/mod", "limits", "plan/mod", "schema/mod", "sink", "types"].map(
        (name) => `${name}.rs`,
      ),
    );
    expect(from("buffer/text")).toEqual([]);
    // A `pub use` in the parent is not a dependency.
    expect(from("buffer/mod")).toEqual([]);
  });

  it("use each other in no circle except those in the list", () => {
    const known = knownModuleCircles.map(({ files }) =>
      files
        .flatMap((file) => {
          const [, folder, names] = /^(.*)\{(.*)\}$/.exec(file) ?? [];
          return names === undefined ? [file] : names.split(",").map((name) => `${folder}${name}`);
        })
        .map((file) => `${file}.rs`)
        .sort(),
    );
    const roots = ["src/lib.rs", ...filesBelow("crates", /^crates\/\w+\/src\/lib\.rs$/)];
    const found = roots.flatMap((root) => {
      const { files, arrows } = moduleGraph(root);
      return circles(files, arrows);
    });
    expect(found.sort()).toEqual(known.sort());
  });
});

describe("TypeScript", () => {
  it("has a part for every file", () => {
    expect(sources.filter((file) => partOf(file) === undefined)).toEqual([]);
  });

  it("imports only from the parts that the list above allows", () => {
    const wrong = imports.filter(({ from, to }) => {
      const [own, other] = [partOf(from), partOf(to)];
      if (!to.startsWith("ts/src/") || own === undefined || other === own) return false;
      return other === undefined || !parts[own]?.from.includes(other);
    });
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("is searched for import circles by a function that finds them", () => {
    const graph = ["a b", "b c", "c a", "c d", "e e"].map((pair) => {
      const [from = "", to = ""] = pair.split(" ");
      return { from, to };
    });
    expect(circles(["a", "b", "c", "d", "e"], graph)).toEqual([["a", "b", "c"]]);
  });

  it("loads the code of an `aster` command only when the command runs", () => {
    const early = ["run", "commands", "network/commands", "trust/commands"].flatMap((name) =>
      [...read(`ts/src/cli/${name}.ts`).matchAll(/^import (?!type )[^;]*? from "(\.[^"]*)";$/gm)].map(
        ([, from]) => from,
      ),
    );
    expect(early.sort()).toEqual([
      "../errors.js",
      "./command.js",
      "./commands.js",
      "./network/commands.js",
      "./trust/commands.js",
    ]);
  });

  it("has no import circle except those in the list", () => {
    const known = knownCircles.map(({ files }) => files.map((file) => `ts/src/${file}.ts`));
    expect(circles(sources, imports)).toEqual(known.sort());
  });

  it("loads the addon in one place", () => {
    const loading = sources.filter((file) => /\("\.[^"]*binding\.cjs"\) as/.test(read(file)));
    expect(loading).toEqual(["ts/src/native/index.ts"]);
  });

  it("depends on nothing at run time but Node", () => {
    const foreign = imports.filter(({ to }) => !to.startsWith("ts/src/") && !to.startsWith("node:"));
    // Optional packages of the command line, which loads them when a command needs them.
    expect(foreign.map(arrow)).toEqual([
      "ts/src/cli/secrets/encrypted.ts -> age-encryption",
      "ts/src/cli/secrets/keyring.ts -> @napi-rs/keyring",
    ]);
    const { peerDependenciesMeta, ...manifest } = JSON.parse(read("package.json"));
    expect(manifest).not.toHaveProperty("dependencies");
    expect(Object.keys(manifest.peerDependencies)).toEqual(["@napi-rs/keyring", "age-encryption"]);
    const optional = { optional: true };
    expect(peerDependenciesMeta).toEqual({ "@napi-rs/keyring": optional, "age-encryption": optional });
  });

  it.each(["ts/src/index.ts", "ts/src/trust/index.ts"])("has an entry that only exports: %s", (entry) => {
    const statements = read(entry)
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
      .split(";")
      .map((statement) => statement.trim())
      .filter((statement) => statement !== "");
    expect(statements.filter((text) => !/^export [^=]+ from "[^"]+"$|^import "[^"]+"$/.test(text))).toEqual(
      [],
    );
  });
});

describe("the addon", () => {
  it("catches panics in each export, because a panic in a synchronous function ends the process", () => {
    const exports = filesBelow("src", /\.rs$/).flatMap((file) =>
      [...read(file).matchAll(/#\[napi(.*)\]\n(?:\s*#\[.*\]\n)*\s*pub fn (\w+)/g)].map(([, how, name]) => ({
        name,
        how,
      })),
    );
    expect(exports.length).toBeGreaterThan(20);
    expect(exports.filter(({ how }) => !how?.includes("catch_unwind"))).toEqual([]);
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

  it("have a median length below 150 lines", () => {
    const all = ["ts/src", "src", "crates"].flatMap((folder) => lengths(folder, /\.(ts|rs)$/));
    const sorted = all.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(150);
  });

  it("name no registry in lock files", () => {
    for (const lock of filesBelow(".", /package-lock\.json$/)) {
      expect({ lock, resolved: read(lock).includes('"resolved"') }).toEqual({ lock, resolved: false });
    }
  });
});
