/**
 * Content stamps: a step is skipped if the bytes of its inputs did not change since its last success and its outputs
 * exist. File times are not used, so a fresh clone, another branch and a restored cache give the same result.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { at, root } from "./process.mjs";

const folder = at(".cache", "stamps");
const skipped = new Set(["node_modules", "target", "dist", ".venv", "__pycache__"]);

/**
 * The digest of files and folders (paths below the root) and of additional texts. `match` selects files inside folders
 * by name.
 */
export function digest(inputs, { match = () => true, words = [] } = {}) {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`${word}\0`);
  for (const file of inputs.flatMap((input) => list(at(input), match))) {
    hash.update(`${path.relative(root, file)}\0`);
    hash.update(readFileSync(file));
    hash.update("\0");
  }
  return hash.digest("hex");
}

/** Whether the last success of the step has this digest and its outputs exist. */
export function fresh(name, value, outputs) {
  const file = path.join(folder, name);
  return (
    existsSync(file) && readFileSync(file, "utf8") === value && outputs.every((output) => existsSync(output))
  );
}

/** Removes the record of the last success. Called before a step starts, so an interrupted step runs again. */
export function forget(name) {
  rmSync(path.join(folder, name), { force: true });
}

export function remember(name, value) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), value);
}

function list(entry, match) {
  if (!existsSync(entry)) return [];
  const found = [];
  const visit = (folderPath) => {
    const entries = readdirSync(folderPath, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const child of entries) {
      const full = path.join(folderPath, child.name);
      if (child.isDirectory()) {
        if (!skipped.has(child.name)) visit(full);
      } else if (match(child.name)) found.push(full);
    }
  };
  try {
    visit(entry);
  } catch (error) {
    if (error.code !== "ENOTDIR") throw error;
    return [entry];
  }
  return found;
}
