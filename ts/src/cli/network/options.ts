// The options of commands that connect to a server.
//
// Owns: how they become options of the library. Their names are in commands.ts. Does not own: their checks, which the library does.

import type { ConnectOptions } from "../../node/aster-client.js";
import { type Given, UsageError } from "../command.js";
import { readToken } from "./token.js";

/** A whole number of an option. */
export function wholeNumber(given: Given, option: string, fallback: number, least = 0): number {
  const text = given.text(option);
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new UsageError(`--${option} must be a whole number of at least ${least}`);
  return Number(text);
}

/** The relays that the command line names. */
function relayOf(given: Given): ConnectOptions["relay"] {
  const urls = given.texts("relay-url");
  const word = given.text("relay");
  if (word !== undefined && !["default", "disabled", "forbid", "only"].includes(word))
    throw new UsageError('--relay must be "default", "disabled", "forbid" or "only"');
  if (urls.length === 0) return word as "default" | "disabled" | "forbid" | "only" | undefined;
  if (word === "disabled" || word === "default")
    throw new UsageError(`--relay ${word} cannot be used with --relay-url`);
  const file = given.text("relay-token-file");
  const certificates = given.text("relay-certificates");
  const own = {
    urls,
    ...(file === undefined ? {} : { token: readToken(file) }),
    ...(certificates === undefined ? {} : { certificates: { file: certificates } }),
    ...(given.text("relay-quic-port") === undefined
      ? {}
      : { quicPort: wholeNumber(given, "relay-quic-port", 0, 1) }),
  };
  return word === undefined ? own : { ...own, policy: word as "forbid" | "only" };
}

/** The options of the connection. */
export function connectOptionsOf(given: Given): ConnectOptions {
  const credential = given.text("credential");
  const relay = relayOf(given);
  return {
    ...(relay === undefined ? {} : { relay }),
    ...(given.flag("local") ? { discovery: { local: true } } : {}),
    ...(credential === undefined ? {} : { credential: { file: credential } }),
    logger: silent,
  };
}

const nothing = (): void => {};
/** A command reports what happens by itself. */
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
