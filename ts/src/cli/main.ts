#!/usr/bin/env node
// The executable `aster`: passes the arguments, streams and signals of this process to `run()`.

import process from "node:process";
import { run } from "./run.js";

const { stdin, stdout, stderr } = process;
const interrupted = new AbortController();
// `once`: a second signal ends the process at once.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort(name));

// Loaded when a command asks for it.
const keyring = async () => (await import("./secrets/keyring.js")).systemKeyring();
const { env } = process;
const { signal } = interrupted;
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, signal, env, keyring });
// An interrupted command may still hold the event loop.
if (signal.aborted) process.exit();
