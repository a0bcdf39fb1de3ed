// `npm run bench:types`: what a contract of 300 messages and 500 methods costs whoever imports it, with several versions of
// TypeScript. With `--check` it measures no time: it compiles the compile-time tests with each version, and fails when a
// declaration is larger, or takes more work, than the limits allow. Both are the same on every machine.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setup } from "../../scripts/setup.mjs";
import { main, Problem, say } from "../../scripts/support/console.mjs";
import { at } from "../../scripts/support/process.mjs";
import { describeEnvironment } from "../environment.mjs";
import { publish } from "../results.mjs";
import { build, bytesOf, compile, compilers, project } from "./compilers.mjs";
import { consumerCode, contractCode, handlersCode, USUAL } from "./contract.mjs";
import { editorTimes } from "./editor.mjs";

/** The oldest version has to work harder. */
const limitsOf = (version) => ({
  bytes: 200_000,
  instantiations: version.startsWith("5.5.") ? 100_000 : 60_000,
});

/** Compile-time tests that hold with every version: they use nothing newer than the oldest one has. */
const TESTS = ["named.ts", "handlers.ts", "class-form.ts", "schema-refs.ts"];

const CONTRACT = "../contract/out/contract.js";
const consumer = () => project("consumer", { code: { "consumer.ts": consumerCode(USUAL, CONTRACT) } });
const server = () => project("server", { code: { "server.ts": handlersCode(USUAL, CONTRACT) } });

/** Emits the declarations of the contract. */
function emit(compiler) {
  const options = { declaration: true, outDir: "out" };
  const folder = project("contract", { code: { "contract.ts": contractCode(USUAL) }, options });
  const figures = without(compiler, compile(compiler, folder));
  return { ...figures, bytes: bytesOf(join(folder, "out", "contract.d.ts")) };
}

/** The figures of a run without errors. */
function without({ version }, figures) {
  if (figures.errors.length === 0) return figures;
  throw new Problem(`TypeScript ${version}: ${figures.errors.slice(0, 5).join("\n")}`);
}

function check() {
  const files = TESTS.map((name) => `../../../__test__/types/${name}`);
  const tests = project("tests", {
    files,
    options: { exactOptionalPropertyTypes: true, rootDir: "../../.." },
  });
  let bytes = null;
  for (const compiler of compilers()) {
    const { version } = compiler;
    without(compiler, compile(compiler, tests, ["--noEmit"]));
    for (const name of ["workspace/client", "isolated"]) {
      const errors = build(compiler, at("__test__", "types", name));
      if (errors.length > 0) throw new Problem(`TypeScript ${version}, ${name}: ${errors.join("\n")}`);
    }
    // Declarations are the same with every version; the compile-time tests are compiled by each.
    bytes ??= emit(compiler).bytes;
    const { instantiations } = without(compiler, compile(compiler, consumer(), ["--noEmit"]));
    say(`TypeScript ${version}: ${bytes} bytes of declarations, ${instantiations} instantiations`);
    const limits = limitsOf(version);
    for (const [name, value] of Object.entries({ bytes, instantiations })) {
      if (value <= limits[name]) continue;
      throw new Problem(`TypeScript ${version}: ${value} ${name}; the limit is ${limits[name]}`);
    }
  }
  return 0;
}

async function bench({ json, out = "types.json" }) {
  const cells = [];
  for (const compiler of compilers()) {
    const contract = emit(compiler);
    const calls = without(compiler, compile(compiler, consumer(), ["--noEmit"]));
    const handlers = without(compiler, compile(compiler, server(), ["--noEmit"]));
    const editor = await editorTimes(compiler, join(consumer(), "consumer.ts"), "export const more = 1;\n");
    cells.push({ version: compiler.version, contract, calls, handlers, editor });
    console.error(`TypeScript ${compiler.version} done`);
  }
  const results = { kind: "types", shape: USUAL, environment: describeEnvironment(["aster-rpc"]), cells };
  publish(results, { out, json, render });
  return 0;
}

function render({ cells }) {
  const seconds = (value) => value.toFixed(1);
  const ms = (editor, name) => (editor === null ? "-" : editor[name].toFixed(0));
  const rows = cells.map(({ version, contract, calls, handlers, editor }) => [
    version,
    Math.round(contract.bytes / 1000),
    ...[contract, calls, handlers].flatMap((part) => [
      part.instantiations,
      seconds(part.seconds),
      part.megabytes,
    ]),
    ms(editor, "loadMs"),
    ms(editor, "errorsMs"),
    ms(editor, "changeMs"),
  ]);
  const part = ["instantiations", "s", "MB"];
  const names = ["contract", "calls", "handlers"].flatMap((name) => part.map((unit) => `${name}, ${unit}`));
  const head = [
    "TypeScript",
    "declarations, KB",
    ...names,
    "editor: load, ms",
    "errors, ms",
    "errors after a change, ms",
  ];
  const line = (row) => `| ${row.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

await main(async () => {
  const { values } = parseArgs({
    options: { check: { type: "boolean" }, json: { type: "boolean" }, out: { type: "string" } },
  });
  await setup(["dependencies", "addon", "library", "typescripts"]);
  return values.check ? check() : bench(values);
});
