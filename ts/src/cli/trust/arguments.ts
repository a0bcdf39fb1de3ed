// The texts of arguments: times, roles, attributes, ids.

import { readRootPublicKey } from "../../trust/key-files.js";
import { CommandError, type Given, type Surroundings, UsageError } from "../command.js";

const DAY_MS = 86_400_000;
const UNITS_MS = { d: DAY_MS, h: 3_600_000, m: 60_000, s: 1000 } as const;

/** How long a credential counts when nothing else is said: 30 days. */
const DEFAULT_LIFETIME = "30d";

/** A duration such as `30d`, `24h` or `1h30m` in milliseconds, or null. */
function durationMs(text: string): number | null {
  if (!/^(\d{1,6}[dhms])+$/.test(text)) return null;
  const parts = [...text.matchAll(/(\d+)([dhms])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS_MS[unit as "d"], 0);
}

/** `--expires` as a date: a duration from now on, or a time in ISO 8601, in UTC unless it has a time zone. */
export function expiry(given: Given): Date {
  const text = given.text("expires") ?? DEFAULT_LIFETIME;
  const lifetime = durationMs(text);
  if (lifetime !== null) return new Date(wholeSeconds(Date.now()) + lifetime);
  const iso = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  const time = iso === null ? Number.NaN : Date.parse(utc(text, iso[1] !== undefined));
  if (Number.isNaN(time)) {
    throw new UsageError(`--expires ${text}: write 30d, 24h, or a time such as 2027-01-31T12:00:00Z`);
  }
  return new Date(wholeSeconds(time));
}

/** `--expires` as a lifetime: how long a credential counts after it was signed. */
export function lifetimeMs(given: Given): number {
  const text = given.text("expires") ?? DEFAULT_LIFETIME;
  const lifetime = durationMs(text);
  if (lifetime === null) throw new UsageError(`--expires ${text}: write a duration such as 30d or 24h`);
  return lifetime;
}

function utc(text: string, hasZone: boolean): string {
  const time = text.replace(" ", "T");
  if (hasZone) return time;
  return time.includes("T") ? `${time}Z` : `${time}T00:00:00Z`;
}

function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

/** A time as Python prints it: in UTC, whole seconds. */
export function isoText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "+00:00");
}

/** `--capabilities a,b` as roles; undefined when the option is absent. */
export function roles(given: Given): readonly string[] | undefined {
  const text = given.text("capabilities");
  if (text === undefined) return undefined;
  const names = text.split(",").map((name) => name.trim());
  return names.filter((name) => name !== "");
}

/** `--attributes`: a JSON object of texts, or `k=v,k=v`. */
export function attributes(given: Given): Record<string, string> {
  const text = given.text("attributes");
  if (text === undefined || text === "") return {};
  if (text.trimStart().startsWith("{")) return jsonAttributes(text);
  const pairs = text.split(",").map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError("--attributes: write key=value,key=value or a JSON object of texts");
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
  });
  return Object.fromEntries(pairs);
}

function jsonAttributes(text: string): Record<string, string> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Described below.
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || !Object.values(value as object).every((item) => typeof item === "string")) {
    throw new UsageError("--attributes: the JSON must be an object whose values are texts");
  }
  return value as Record<string, string>;
}

/** An endpoint id in lower case. */
export function endpointIdOf(text: string, option: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new UsageError(`${option} must be 64 hexadecimal digits`);
  return text.toLowerCase();
}

/** A public root key: 64 hexadecimal digits, or the name of a file that contains it. */
export function rootPublicKeyOf(text: string): string {
  return /^[0-9a-fA-F]{64}$/.test(text) ? text.toLowerCase() : readRootPublicKey(text);
}

/** The trusted root keys of a command: `--root-pubkey`, else the environment; none where neither is there. */
export function trustedRoots(given: Given, { env }: Surroundings): readonly string[] {
  const named = given.texts("root-pubkey");
  if (named.length > 0) return named.map(rootPublicKeyOf);
  const found = env?.ASTER_ROOT_PUBKEY ?? env?.ASTER_ROOT_PUBKEY_FILE;
  return found === undefined || found === "" ? [] : [rootPublicKeyOf(found)];
}

/** An option that must be given. */
export function required(given: Given, option: string, value: string): string {
  const text = given.text(option);
  if (text === undefined || text === "") throw new UsageError(`--${option} ${value} is missing`);
  return text;
}

/** One of some words. */
export function word<const W extends readonly string[]>(
  given: Given,
  option: string,
  words: W,
  otherwise?: W[number],
): W[number] {
  const text = given.text(option) ?? otherwise;
  if (text === undefined || !words.includes(text)) {
    throw new UsageError(`--${option} must be ${words.join(" or ")}`);
  }
  return text;
}

/** A text of a file for one line of output: quoted, unless it is a plain name. A line break in it would forge a line. */
export function shown(text: string): string {
  return /^[\p{L}\p{N}_.:/@-]+$/u.test(text) ? text : JSON.stringify(text);
}

/** Texts of a file for one line of output. */
export function shownList(texts: readonly string[]): string {
  return texts.length === 0 ? "none" : texts.map(shown).join(", ");
}

/** The first credential of an identity file, or the one with a name. @throws {CommandError} with the names that are there */
export function pickEntry<E extends { readonly name: string | null }>(
  entries: readonly E[],
  name: string | undefined,
  file: string,
): E {
  const found = name === undefined ? entries[0] : entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const names = shownList(entries.map((entry) => entry.name ?? ""));
  throw new CommandError(`${file}: there is no credential ${name}; the file has ${names}`);
}
