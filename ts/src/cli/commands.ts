// The commands of `aster`: their names, arguments and descriptions.
//
// Does not own: what they do. The code of a command is loaded when it runs: `aster --help` loads no command, and a command
// does not load the dependencies of the others.

import type { Command } from "./command.js";
import { networkCommands } from "./network/commands.js";
import { trustCommands } from "./trust/commands.js";

/** The options of commands that can ask a server for its contracts. */
const sourceOptions = { credential: { type: "string" }, relay: { type: "string" } } as const;
const SOURCE_USAGE = "[--credential FILE] [--relay disabled]";

export const commands: readonly Command[] = [
  ...trustCommands,
  {
    name: "contract gen",
    usage: "--service MODULE:EXPORT [--service ...] [--out .aster/manifest.json] [--semver VERSION] [--vcs]",
    summary: "Write the manifest of services, from .js, .mjs or .ts modules.",
    options: {
      service: { type: "string", multiple: true },
      out: { type: "string", short: "o" },
      semver: { type: "string" },
      vcs: { type: "boolean" },
    },
    positionals: [0, 0],
    load: async () => (await import("./contract/gen.js")).gen,
  },
  {
    name: "contract export",
    usage: "[--manifest .aster/manifest.json] [--out DIR]",
    summary: "Write <Service>.aster.json for each service of a manifest.",
    options: { manifest: { type: "string" }, out: { type: "string", short: "o" } },
    positionals: [0, 0],
    load: async () => (await import("./contract/export.js")).exportContract,
  },
  {
    name: "contract import",
    usage: "FILE",
    summary: "Keep an exported contract in ~/.aster/contracts.",
    options: {},
    positionals: [1, 1],
    load: async () => (await import("./contract/import.js")).importContract,
  },
  {
    name: "contract verify",
    usage: "FILE [--manifest .aster/manifest.json | --service MODULE:EXPORT]",
    summary: "Compare an exported contract with a manifest or with code; exit code 1 on a mismatch.",
    options: { manifest: { type: "string" }, service: { type: "string", multiple: true } },
    positionals: [1, 1],
    load: async () => (await import("./contract/verify.js")).verify,
  },
  {
    name: "contract diff",
    usage: `OLD NEW ${SOURCE_USAGE}`,
    summary:
      "Say what changed between two manifests, exported contracts or servers (TICKET); exit code 1 when it breaks peers.",
    options: sourceOptions,
    positionals: [2, 2],
    load: async () => (await import("./contract/diff.js")).diff,
  },
  {
    name: "contract gen-client",
    usage: `SOURCE --out DIR [--package NAME] [--extension js|ts] [--force] ${SOURCE_USAGE}`,
    summary: "Write TypeScript schemas and services for the contracts of a file, or of a server (TICKET).",
    options: {
      ...sourceOptions,
      out: { type: "string", short: "o" },
      package: { type: "string" },
      lang: { type: "string" },
      extension: { type: "string" },
      force: { type: "boolean" },
    },
    positionals: [1, 1],
    load: async () => (await import("./contract/gen-client.js")).genClient,
  },
  {
    name: "contract from-idl",
    usage: "FILE.fdl [--out FILE.ts]",
    summary: "Write TypeScript schemas (and services) for a Fory IDL file; without --out to the terminal.",
    options: { out: { type: "string", short: "o" } },
    positionals: [1, 1],
    load: async () => (await import("./contract/from-idl.js")).fromIdl,
  },
  ...networkCommands,
  {
    name: "link",
    usage: "TICKET [--seed NUMBER] [--listen]",
    summary: "Run a link with faults to a server; lines of JSON on stdin, or on a local TCP port, drive it.",
    options: { seed: { type: "string" }, listen: { type: "boolean" } },
    positionals: [1, 1],
    load: async () => (await import("./link.js")).runLink,
  },
];
