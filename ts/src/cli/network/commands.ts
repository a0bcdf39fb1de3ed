// The commands about the network: their names, arguments and descriptions.
//
// Does not own: what they do. The code of a command is loaded when it runs.

import type { Command } from "../command.js";

/** The options, for the list of commands. */
const networkOptions: Command["options"] = {
  relay: { type: "string" },
  "relay-url": { type: "string", multiple: true },
  "relay-token-file": { type: "string" },
  "relay-certificates": { type: "string" },
  "relay-quic-port": { type: "string" },
  local: { type: "boolean" },
  credential: { type: "string" },
};

/** The same, for the help. */
const NETWORK_USAGE =
  "[--relay default|disabled|forbid|only] [--relay-url URL ...] [--relay-token-file FILE] [--relay-certificates FILE] [--relay-quic-port PORT] [--local] [--credential FILE]";

export const networkCommands: readonly Command[] = [
  {
    name: "ping",
    usage: `ADDRESS [--count 5] [--interval-ms 200] [--timeout-ms 5000] ${NETWORK_USAGE}`,
    summary: "Connect to a server and measure the path to it; exit code 1 when nothing is answered.",
    options: {
      count: { type: "string" },
      "interval-ms": { type: "string" },
      "timeout-ms": { type: "string" },
      ...networkOptions,
    },
    positionals: [1, 1],
    load: async () => (await import("./ping.js")).ping,
  },
  {
    name: "relay",
    usage:
      "[--bind ADDRESS:PORT] [--host NAME] [--certificate FILE --key FILE | --self-signed DIR] [--quic-port 7842] [--allow ENDPOINT_ID ...] [--token-file FILE] [--max-clients 4096]",
    summary: "Run a relay, until the process is interrupted.",
    options: {
      bind: { type: "string" },
      host: { type: "string" },
      certificate: { type: "string" },
      key: { type: "string" },
      "self-signed": { type: "string" },
      "quic-port": { type: "string" },
      allow: { type: "string", multiple: true },
      "token-file": { type: "string" },
      "max-clients": { type: "string" },
    },
    positionals: [0, 0],
    load: async () => (await import("./relay.js")).relay,
  },
];
