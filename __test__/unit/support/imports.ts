/** The import graph of `ts/src`, as the compiler reads it, and the import circles in it. */
import path from "node:path";
import ts from "typescript";
import { filesBelow, read } from "./tree.ts";

/** One import: the importing file, and the imported file or package. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** The imports of a file, including types. `typeof import("...")` is not an import, because it loads nothing. */
function importsOf(file: string): Import[] {
  const code = read(file);
  return ts
    .preProcessFile(code)
    .importedFiles.filter(({ pos }) => !/typeof import\(\s*"?$/.test(code.slice(0, pos + 1)))
    .map(({ fileName }) => ({
      from: file,
      to: fileName.startsWith(".")
        ? path.posix.join(path.posix.dirname(file), fileName).replace(/\.js$/, ".ts")
        : fileName,
    }));
}

export const sources = filesBelow("ts/src", /\.ts$/);
export const imports = sources.flatMap(importsOf);

/** The groups of files that import each other, each sorted (Tarjan's strongly connected components). */
export function circles(files: readonly string[], arrows: readonly Import[]): string[][] {
  const next = new Map(files.map((file) => [file, arrows.filter(({ from }) => from === file)]));
  const order = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    let low = order.size;
    order.set(file, low);
    open.push(file);
    for (const { to } of next.get(file) ?? []) {
      if (!next.has(to)) continue;
      if (!order.has(to)) low = Math.min(low, visit(to));
      else if (open.includes(to)) low = Math.min(low, order.get(to) as number);
    }
    if (low === order.get(file)) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1) found.push(group.sort());
    }
    return low;
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return found.sort();
}
