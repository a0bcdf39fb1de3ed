// The commands of keys and credentials: their names, arguments and descriptions. Their code is loaded when they run.

import type { Command } from "../command.js";

const rootKey = {
  "root-key": { type: "string" },
  profile: { type: "string", short: "p" },
  "passphrase-file": { type: "string" },
} as const;

const ROOT_KEY = "[--root-key FILE | --profile NAME] [--passphrase-file FILE]";

const checks = {
  "root-pubkey": { type: "string", multiple: true },
  "endpoint-id": { type: "string" },
  revocations: { type: "string", multiple: true },
} as const;

const CHECKS = "[--root-pubkey HEX|FILE ...] [--endpoint-id HEX] [--revocations FILE ...]";

const out = { out: { type: "string", short: "o" } } as const;
const expires = { expires: { type: "string", short: "e" } } as const;
const capabilities = { capabilities: { type: "string", short: "c" } } as const;
const attributes = { attributes: { type: "string", short: "a" } } as const;
const identity = { identity: { type: "string", short: "i" } } as const;

const keygenNode = {
  usage: "[--out ~/.aster/node.key]",
  summary: "Make a node key.",
  options: out,
  positionals: [0, 0],
  load: async () => (await import("./keygen.js")).keygenNode,
} as const satisfies Omit<Command, "name">;

export const trustCommands: readonly Command[] = [
  {
    name: "keygen root",
    usage: "[--profile NAME] [--out FILE] [--encrypt] [--passphrase-file FILE]",
    summary:
      "Make a root key, in the keyring or in a file. A file that is not named with --out is always encrypted.",
    options: {
      ...out,
      profile: rootKey.profile,
      "passphrase-file": { type: "string" },
      encrypt: { type: "boolean" },
    },
    positionals: [0, 0],
    load: async () => (await import("./keygen.js")).keygenRoot,
  },
  { name: "keygen node", ...keygenNode },
  { name: "keygen producer", ...keygenNode, summary: "The same as keygen node." },
  {
    name: "enroll node",
    usage:
      `--role producer|consumer --name NAME [--capabilities a,b] [--attributes k=v,...] [--expires 30d] [--type policy|ott] ${ROOT_KEY} ` +
      "[--out .aster-identity] [--quiet]",
    summary: "Make a node key and a credential for it, in one identity file.",
    options: {
      ...rootKey,
      ...out,
      ...identity,
      ...expires,
      ...capabilities,
      ...attributes,
      role: { type: "string", short: "r" },
      name: { type: "string", short: "n" },
      type: { type: "string", short: "t" },
      signer: { type: "string" },
      quiet: { type: "boolean", short: "q" },
    },
    positionals: [0, 0],
    load: async () => (await import("./enroll.js")).enrollNode,
  },
  {
    name: "authorize",
    usage: `--producer-id HEX [--attributes JSON] [--expires 30d] ${ROOT_KEY} [--out enrollment.token]`,
    summary: "Sign the credential of a producer.",
    options: { ...rootKey, ...out, ...expires, ...attributes, "producer-id": { type: "string" } },
    positionals: [0, 0],
    load: async () => (await import("./sign.js")).authorize,
  },
  {
    name: "trust keygen",
    usage: "--out-key FILE",
    summary: "Make a root key in a file. The same as keygen root --out FILE.",
    options: { "out-key": { type: "string" } },
    positionals: [0, 0],
    load: async () => (await import("./keygen.js")).trustKeygen,
  },
  {
    name: "trust request",
    usage:
      "--name NAME [--role consumer|producer] [--type policy|ott] [--capabilities a,b] [--attributes k=v,...] [--expires 30d] " +
      "[--identity .aster-identity] [--out NAME.request.json]",
    summary: "On a node: ask for a credential. The node key stays in its identity file.",
    options: {
      ...out,
      ...identity,
      ...expires,
      ...capabilities,
      ...attributes,
      role: { type: "string", short: "r" },
      name: { type: "string", short: "n" },
      type: { type: "string", short: "t" },
    },
    positionals: [0, 0],
    load: async () => (await import("./request.js")).request,
  },
  {
    name: "trust sign",
    usage:
      `[REQUEST (--as-requested | --capabilities a,b)] [--endpoint-id HEX] [--attributes JSON] [--type producer|policy|ott] [--expires 30d] ${ROOT_KEY} ` +
      "[--out FILE]",
    summary: "Sign a credential: for a request, or for the arguments.",
    options: {
      ...rootKey,
      ...out,
      ...expires,
      ...capabilities,
      ...attributes,
      type: { type: "string", short: "t" },
      "endpoint-id": { type: "string" },
      "as-requested": { type: "boolean" },
    },
    positionals: [0, 1],
    load: async () => (await import("./sign.js")).sign,
  },
  {
    name: "trust install",
    usage: "CREDENTIAL [--identity .aster-identity] [--name NAME]",
    summary: "On a node: put a signed credential into the identity file.",
    options: { ...identity, name: { type: "string", short: "n" } },
    positionals: [1, 1],
    load: async () => (await import("./install.js")).installCredential,
  },
  {
    name: "trust inspect",
    usage: `FILE ${CHECKS}`,
    summary:
      "Say in words what a file means: a credential, an identity, a request, a key, a revocation list.",
    options: checks,
    positionals: [1, 1],
    load: async () => (await import("./inspect.js")).inspect,
  },
  {
    name: "trust verify",
    usage: `FILE ${CHECKS} [--peer NAME] [--profile NAME]`,
    summary: "Check a credential; exit code 1 when it would be refused now.",
    options: { ...checks, profile: rootKey.profile, peer: { type: "string" } },
    positionals: [1, 1],
    load: async () => (await import("./verify.js")).verify,
  },
  {
    name: "trust revoke",
    usage: `[--endpoint-id HEX ...] [--fingerprint HEX ...] [--credential FILE ...] [--from LIST ...] [--list revoked.json] [--push TICKET ... [--relay disabled]] ${ROOT_KEY}`,
    summary:
      "Sign the next revocation list, which repeats the one before it, or send one to running servers.",
    options: {
      ...rootKey,
      list: { type: "string" },
      "endpoint-id": { type: "string", multiple: true },
      fingerprint: { type: "string", multiple: true },
      credential: { type: "string", multiple: true },
      from: { type: "string", multiple: true },
      push: { type: "string", multiple: true },
      relay: { type: "string" },
    },
    positionals: [0, 0],
    load: async () => (await import("./revoke.js")).revoke,
  },
  {
    name: "trust rotate node",
    usage:
      "--out FILE [--identity .aster-identity] [--peer NAME] [--expires 30d] [--request FILE.request.json]",
    summary: "On a node: make a new node key in a new file, and ask for the same credential.",
    options: { ...out, ...identity, ...expires, peer: { type: "string" }, request: { type: "string" } },
    positionals: [0, 0],
    load: async () => (await import("./rotate.js")).rotateNode,
  },
  {
    name: "trust rotate root",
    usage: `FILE... --old-root-pubkey HEX|FILE [--revocations FILE ...] [--expires 30d] ${ROOT_KEY}`,
    summary:
      "Sign the credentials in the files again, with a new root key; exit code 1 when one was not renewed.",
    options: {
      ...rootKey,
      ...expires,
      "old-root-pubkey": { type: "string" },
      revocations: checks.revocations,
    },
    positionals: [1, 1000],
    load: async () => (await import("./rotate.js")).rotateRoot,
  },
  {
    name: "profile list",
    usage: "",
    summary: "List the profiles.",
    options: {},
    positionals: [0, 0],
    load: async () => (await import("./profile.js")).listProfiles,
  },
  {
    name: "profile create",
    usage: "NAME",
    summary: "Make a profile: a name for a root key and what belongs to it.",
    options: {},
    positionals: [1, 1],
    load: async () => (await import("./profile.js")).createProfile,
  },
  {
    name: "profile use",
    usage: "NAME",
    summary: "Make a profile the active one.",
    options: {},
    positionals: [1, 1],
    load: async () => (await import("./profile.js")).useProfile,
  },
  {
    name: "profile show",
    usage: "[NAME]",
    summary: "Show a profile.",
    options: {},
    positionals: [0, 1],
    load: async () => (await import("./profile.js")).showProfile,
  },
  {
    name: "profile delete",
    usage: "NAME [--yes]",
    summary: "Delete a profile, and its root key in the keyring.",
    options: { yes: { type: "boolean", short: "y" } },
    positionals: [1, 1],
    load: async () => (await import("./profile.js")).deleteProfile,
  },
  {
    name: "dev keys",
    usage: "[FOLDER=.aster/dev] [--capabilities a,b]",
    summary:
      "Make a root key, and the identities of a server and a client, to try a gated server on this machine.",
    options: capabilities,
    positionals: [0, 1],
    load: async () => (await import("./dev-keys.js")).devKeys,
  },
];
