// Builds bench/napi-walk and returns the path of the addon. Cargo does nothing if nothing changed.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const crate = join(import.meta.dirname, "../napi-walk");
const libraries = { darwin: "libnapi_walk.dylib", win32: "napi_walk.dll" };

/** The path of the built addon, or null if it cannot be built: then stderr has the reason, and the table lacks its row. */
export function buildWalkAddon() {
  const target = process.env.CARGO_TARGET_DIR ?? join(crate, "target");
  console.error("building bench/napi-walk ...");
  try {
    const args = ["build", "--release", "--quiet", "--locked", "--target-dir", target];
    execFileSync("cargo", args, { cwd: crate, stdio: ["ignore", "inherit", "inherit"] });
    return join(target, "release", libraries[process.platform] ?? "libnapi_walk.so");
  } catch (error) {
    console.error(`bench/napi-walk was not built: ${error.message}`);
    return null;
  }
}
