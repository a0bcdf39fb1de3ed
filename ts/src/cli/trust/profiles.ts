// The profiles of the command line, in `~/.aster/config.toml`.
//
// Owns: the file, and which profile a command uses. Does not own: the text of the file (Rust).

import { homedir } from "node:os";
import path from "node:path";
import type { ProfileList } from "../../native/documents.js";
import { controlCall } from "../../native/index.js";
import { readTextIfThere, writeFile } from "../../trust/files.js";
import type { Given, Surroundings } from "../command.js";

/** A change of the file. */
export type ProfileChange =
  | { readonly kind: "create" | "use" | "delete"; readonly name: string }
  | { readonly kind: "setRoot"; readonly name: string; readonly root: string };

function file(): string {
  return path.join(homedir(), ".aster", "config.toml");
}

function content(): string {
  return readTextIfThere(file(), "profiles") ?? "";
}

/** Reads all profiles. */
export function readProfiles(): ProfileList {
  const text = content();
  return controlCall((native) => native.trustReadProfiles(text));
}

/** Makes changes, all or none of them. */
export function changeProfiles(...changes: readonly ProfileChange[]): void {
  const changed = changes.reduce((text, change) => {
    const root = change.kind === "setRoot" ? change.root : null;
    return controlCall((native) => native.trustChangeProfiles(text, change.kind, change.name, root));
  }, content());
  writeFile(file(), changed, "replace");
}

/** The profile of a command: `--profile`, ASTER_PROFILE, or the active one. With several profiles stderr gets its name. */
export function profileInUse(given: Given, { env, stderr }: Surroundings): string {
  const named = given.text("profile") ?? env?.ASTER_PROFILE;
  if (named !== undefined) return named;
  const { active, profiles } = readProfiles();
  if (profiles.length > 1) stderr.write(`[profile: ${active}]\n`);
  return active;
}
