/** The files of the repository, for the tests that check its rules. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const foreign = new Set(["node_modules", "target", "dist", ".git", ".venv", ".cache", "vectors", "results"]);

/** The absolute path of a path in the repository. */
export const at = (...parts: string[]): string => path.join(root, ...parts);

/** Hand-written files below a folder whose names match, as paths from the root with forward slashes. */
export function filesBelow(folder: string, match: RegExp): string[] {
  const found: string[] = [];
  const visit = (relative: string) => {
    for (const entry of readdirSync(at(relative), { withFileTypes: true })) {
      const child = path.posix.join(relative, entry.name);
      if (entry.isDirectory()) {
        if (!foreign.has(entry.name)) visit(child);
      } else if (match.test(child) && !/native\/binding\.(js|d\.ts)$/.test(child)) found.push(child);
    }
  };
  visit(folder);
  return found.sort();
}

export const read = (file: string): string => readFileSync(at(file), "utf8");
