/** Installs the npm packages of package-lock.json. All of them are for development; the library has no dependencies. */
import { at, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";

export const dependencies = {
  name: "dependencies",
  doing: "installing the npm packages of package-lock.json",
  stamp: () => digest(["package-lock.json", ".npmrc"]),
  outputs: () => [at("node_modules", ".package-lock.json")],
  run: () =>
    must("npm ci failed", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel", "error"], {
      shell: process.platform === "win32",
    }),
};
