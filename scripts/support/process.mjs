/**
 * Child processes of the scripts. All cargo calls use `cargo` of this file, which passes the target triple, as the napi
 * CLI does. Cargo keeps separate artefacts for builds with and without `--target`, so otherwise every dependency
 * would be built twice.
 */
import { execFileSync, spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Problem } from "./console.mjs";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const at = (...parts) => path.join(root, ...parts);

/**
 * Runs a command and shows its output. `onLine` also gets each line of stdout and stderr; with `quiet` only stderr is shown.
 * Returns the exit code.
 */
export function run(command, args, { env = {}, cwd = root, onLine = null, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: onLine ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    });
    const rest = [];
    if (onLine) {
      rest.push(
        forward(child.stdout, quiet ? null : process.stdout, onLine),
        forward(child.stderr, process.stderr, onLine),
      );
    }
    child.once("error", reject);
    child.once("close", (code, signal) => {
      for (const flush of rest) flush();
      resolve(code ?? (signal ? 1 : 0));
    });
  });
}

/** Runs a command that must succeed. If it fails, the script ends with this error text. */
export async function must(sentence, command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) throw new Problem(`${sentence} (exit code ${code}; its output is above).`);
}

/** The trimmed stdout of a quick command, or null if the command is missing or fails. */
export function ask(command, args, options = {}) {
  try {
    return execFileSync(command, args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      ...options,
    }).trim();
  } catch {
    return null;
  }
}

let host = null;

/** The arguments of a cargo call, with the target triple of this machine. */
export function cargo(subcommand, ...args) {
  host ??= /^host: (.+)$/m.exec(ask("rustc", ["-vV"]) ?? "")?.[1] ?? null;
  if (host === null) throw new Problem("Rust was not found.", "rustc -vV");
  return [subcommand, "--target", host, ...args];
}

/** The path of a command that npm installed. */
export const bin = (name) => at("node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);

function forward(stream, out, onLine) {
  let open = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    out?.write(text);
    const lines = (open + text).split(/\r?\n/);
    open = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  return () => {
    if (open !== "") onLine(open);
    open = "";
  };
}
