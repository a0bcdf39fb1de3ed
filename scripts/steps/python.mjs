/**
 * Creates the Python environment of the interop tests: the Python package at the version in requirements.txt. If this is
 * not possible, it is not a failure: the tests that need it are skipped by name.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { Problem } from "../support/console.mjs";
import { ask, at, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";

const folder = at("__test__", "interop", ".venv");
const requirements = at("__test__", "interop", "requirements.txt");
const commandLine = at("__test__", "interop", "requirements-command-line.txt");
export const python = path.join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");

/** The Python versions for which the package has wheels; its call timeouts need 3.11. */
const suitable =
  "import sys, venv, ensurepip; assert (3, 11) <= sys.version_info[:2] <= (3, 13); print(sys.executable)";

export const pythonStep = {
  name: "python",
  doing: "installing the Python reference package for the interop tests (pip, about 15 MB)",
  stamp: () =>
    digest(["__test__/interop/requirements.txt", "__test__/interop/requirements-command-line.txt"], {
      words: [process.platform, process.arch],
    }),
  outputs: () => [python],
  run: async () => {
    const names = [process.env.ASTER_PYTHON, "python3.11", "python3.12", "python3.13", "python3", "python"];
    const found = names.filter(Boolean).find((name) => ask(name, ["-c", suitable]) !== null);
    if (!found) {
      throw new Problem(
        "Python 3.11, 3.12 or 3.13 with venv is missing.",
        "sudo apt-get install python3 python3-venv     # or name one: ASTER_PYTHON=/path/to/python",
      );
    }
    rmSync(folder, { recursive: true, force: true });
    await must("The virtual environment could not be created", found, ["-m", "venv", folder]);
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
    await must("pip could not install the reference package", python, [...install, "-r", requirements]);
    const alone = [...install, "--no-deps", "-r", commandLine];
    await must("pip could not install the reference's command line", python, alone);
  },
};
