/**
 * Reads the modules of our crates and their dependencies from the source files, without a compiler and without tests.
 *
 * A module is a file. A path is followed through `pub use` to the module that defines the item, so `crate::Error` depends on
 * `error.rs`. A `pub use` alone is not a dependency. A submodule may always use items of the modules that contain it: it is
 * a part of them and can read even their private items.
 */
import path from "node:path";
import type { Import } from "./imports.ts";
import { filesBelow, read } from "./tree.ts";

interface Use {
  readonly path: readonly string[];
  /** The name that the `use` defines; `*` for all names of a module. */
  readonly name: string;
  readonly isPublic: boolean;
}

interface Module {
  readonly file: string;
  readonly parent: Module | null;
  readonly children: Map<string, Module>;
  readonly defined: Set<string>;
  readonly uses: Use[];
  /** Paths of at least two segments outside of `use`. */
  readonly paths: string[][];
  /** Every identifier outside of `use`. */
  readonly words: Set<string>;
}

/** Returns the code without comments, string literals and items under `#[cfg(test)]`. */
export function plainCode(source: string): string {
  const code = source.replace(
    /\/\/.*|\/\*[\s\S]*?\*\/|\bb?r(#*)"[\s\S]*?"\1|\bb?"(?:[^"\\]|\\[\s\S])*"|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\\n]|\\[^\n]{1,9}?)'/g,
    " ",
  );
  let left = "";
  let rest = code;
  for (;;) {
    const start = /#\[cfg\(test\)\]/.exec(rest)?.index;
    if (start === undefined) return left + rest;
    left += rest.slice(0, start);
    rest = rest.slice(endOfItem(rest, start));
  }
}

/** Returns the end of the item that begins at `start`: the index after its closing brace or its semicolon. */
function endOfItem(code: string, start: number): number {
  let depth = 0;
  for (let index = start; index < code.length; index += 1) {
    const sign = code[index];
    if (sign === "{") depth += 1;
    if (sign === "}") depth -= 1;
    if (depth === 0 && (sign === "}" || sign === ";")) return index + 1;
  }
  return code.length;
}

/** Returns the paths of a `use` tree, one for each name. */
function flatten(tree: string, prefix: readonly string[], isPublic: boolean): Use[] {
  const text = tree.trim();
  const group = /^((?:[\w]+\s*::\s*)*)\{([\s\S]*)\}$/.exec(text);
  if (group) {
    const [, head = "", body = ""] = group;
    const path = [...prefix, ...head.split("::").map((part) => part.trim())].filter(Boolean);
    return parts(body).flatMap((part) => flatten(part, path, isPublic));
  }
  const [, whole = "", alias] = /^([\w:*\s]+?)(?:\s+as\s+(\w+))?$/.exec(text) ?? [];
  const path = [...prefix, ...whole.split("::").map((part) => part.trim())].filter(Boolean);
  if (path.at(-1) === "self" && path.length > 1) path.pop();
  return path.length === 0 ? [] : [{ path, name: alias ?? path.at(-1) ?? "", isPublic }];
}

/** Splits a list at the commas that are not inside braces. */
function parts(list: string): string[] {
  const found = [""];
  let depth = 0;
  for (const sign of list) {
    if (sign === "{") depth += 1;
    if (sign === "}") depth -= 1;
    if (sign === "," && depth === 0) found.push("");
    else found.push(`${found.pop()}${sign}`);
  }
  return found.filter((part) => part.trim() !== "");
}

function readModule(file: string, parent: Module | null): Module {
  const code = plainCode(read(file));
  const uses: Use[] = [];
  const body = code.replace(/\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);/g, (_, visible, tree) => {
    uses.push(...flatten(tree as string, [], visible !== undefined));
    return "";
  });
  const definition =
    /\b(?:fn|struct|enum|trait|union|type|const|static|macro_rules!|mod)\s+(?:mut\s+)?(\w+)/g;
  const module: Module = {
    file,
    parent,
    uses,
    children: new Map(),
    defined: new Set([...body.matchAll(definition)].map(([, name = ""]) => name)),
    paths: [...body.matchAll(/(?<![\w:])\w+(?:\s*::\s*\w+)+/g)].map(([text]) => text.split(/\s*::\s*/)),
    words: new Set(body.match(/\w+/g)),
  };
  const isRoot = /(^|\/)(lib|mod)\.rs$/.test(file);
  const folder = isRoot ? path.posix.dirname(file) : file.replace(/\.rs$/, "");
  for (const [, name = ""] of body.matchAll(/\bmod\s+(\w+)\s*;/g)) {
    const candidates = [`${folder}/${name}.rs`, `${folder}/${name}/mod.rs`];
    const found = candidates.find((candidate) => filesBelow(folder, /\.rs$/).includes(candidate));
    if (found === undefined) throw new Error(`${file} declares mod ${name}, but no file for it exists`);
    module.children.set(name, readModule(found, module));
  }
  return module;
}

const rootOf = (module: Module): Module => (module.parent === null ? module : rootOf(module.parent));
const all = (module: Module): Module[] => [module, ...[...module.children.values()].flatMap(all)];

/** Returns the module that defines the item of a path, or null when no module of the crate does. */
function resolve(
  from: Module,
  segments: readonly string[],
  seen: ReadonlySet<string> = new Set(),
): Module | null {
  const key = `${from.file} ${segments.join("::")}`;
  if (seen.has(key)) return null;
  const visited = new Set([...seen, key]);
  const [first = "", ...rest] = segments;
  if (segments.length === 0 || first === "*") return from;
  if (first === "crate") return macro(from, rest) ?? resolve(rootOf(from), rest, visited);
  if (first === "self") return resolve(from, rest, visited);
  if (first === "super") return from.parent && resolve(from.parent, rest, visited);
  const child = from.children.get(first);
  if (child) return resolve(child, rest, visited);
  if (from.defined.has(first)) return from;
  for (const { name, path } of from.uses) {
    if (name === first) return resolve(from, [...path, ...rest], visited);
  }
  for (const { name, path } of from.uses) {
    const found = name === "*" ? resolve(from, [...path.slice(0, -1), ...segments], visited) : null;
    if (found) return found;
  }
  return null;
}

/** Finds an exported macro. Its path starts at the root of the crate, wherever it is defined. */
function macro(from: Module, [name, ...rest]: readonly string[]): Module | null {
  if (name === undefined || rest.length > 0) return null;
  return (
    all(rootOf(from)).find((module) => new RegExp(`macro_rules!\\s+${name}\\b`).test(read(module.file))) ??
    null
  );
}

const around = (module: Module): Module[] =>
  module.parent === null ? [] : [module.parent, ...around(module.parent)];

/** Returns the files of a crate and their dependencies, except dependencies on a module that contains the file. */
export function moduleGraph(root: string): { readonly files: string[]; readonly arrows: Import[] } {
  const modules = all(readModule(root, null));
  const arrows = modules.flatMap((module) => {
    const used = module.uses.filter(({ name, isPublic }) => !isPublic || module.words.has(name));
    const targets = [...used.map((use) => use.path), ...module.paths].map((path) => resolve(module, path));
    const own = [module, ...around(module)];
    const others = new Set(targets.filter((target) => target !== null && !own.includes(target)));
    return [...others].map((target) => ({ from: module.file, to: (target as Module).file }));
  });
  return { files: modules.map(({ file }) => file), arrows };
}
