// `aster profile list, create, use, show, delete`.

import { createInterface } from "node:readline/promises";
import { CommandError, type Given, type Result, type Surroundings } from "../command.js";
import { readEntry, rootKeyEntry } from "../secrets/keyring.js";
import { changeProfiles, readProfiles } from "./profiles.js";

/** Runs `aster profile list`. */
export async function listProfiles(): Promise<Result> {
  const { active, profiles } = readProfiles();
  const lines = profiles.map(({ name, rootPublicKey }) => {
    const key = rootPublicKey === null ? "<no root key>" : `${rootPublicKey.slice(0, 16)}...`;
    return `  ${name}${name === active ? " *" : ""}  root_pubkey=${key}`;
  });
  const none = "No profiles configured. Run: aster profile create <name>";
  const json = profiles.map(({ name, rootPublicKey }) => ({ name, rootPublicKey, active: name === active }));
  return { code: 0, text: lines.join("\n") || none, json: { active, profiles: json } };
}

/** Runs `aster profile create`. */
export async function createProfile(given: Given): Promise<Result> {
  const [name = ""] = given.positionals;
  changeProfiles({ kind: "create", name });
  const isActive = readProfiles().active === name;
  const text = `Created profile '${name}'.${isActive ? "\n  (set as active profile)" : ""}`;
  return { code: 0, text, json: { name, active: isActive } };
}

/** Runs `aster profile use`. */
export async function useProfile(given: Given): Promise<Result> {
  const [name = ""] = given.positionals;
  changeProfiles({ kind: "use", name });
  return { code: 0, text: `Active profile set to '${name}'.`, json: { name, active: true } };
}

/** Runs `aster profile show`. */
export async function showProfile(given: Given, { keyring }: Surroundings): Promise<Result> {
  const { active, profiles } = readProfiles();
  const name = given.positionals[0] ?? active;
  const profile = profiles.find((one) => one.name === name);
  if (profile === undefined) throw new CommandError(`profile '${name}' does not exist.`);
  const ring = (await keyring?.()) ?? null;
  const inKeyring = ring === null ? null : (await readEntry(ring, rootKeyEntry(name))) !== null;
  const secret = { null: "<keyring not available>", true: "****... (in keyring)", false: "<not set>" };
  const lines = [
    `Profile: ${name}${name === active ? " (active)" : ""}`,
    `  root_pubkey: ${profile.rootPublicKey ?? "<not set>"}`,
    `  root_privkey: ${secret[`${inKeyring}`]}`,
    ...profile.members.map((member) => `  ${member.name}: ${member.value}`),
  ];
  const members = Object.fromEntries(profile.members.map((member) => [member.name, member.value]));
  const json = { name, active: name === active, rootPublicKey: profile.rootPublicKey, inKeyring, members };
  return { code: 0, text: lines.join("\n"), json };
}

/** Runs `aster profile delete`. */
export async function deleteProfile(given: Given, surroundings: Surroundings): Promise<Result> {
  const [name = ""] = given.positionals;
  if (!readProfiles().profiles.some((profile) => profile.name === name)) {
    throw new CommandError(`profile '${name}' does not exist.`);
  }
  if (!given.flag("yes") && !(await confirmed(name, surroundings))) {
    return { code: 0, text: "Cancelled.", json: { name, deleted: false } };
  }
  const keyring = (await surroundings.keyring?.()) ?? null;
  if ((await readEntry(keyring, rootKeyEntry(name))) !== null) await keyring?.delete(rootKeyEntry(name));
  changeProfiles({ kind: "delete", name });
  return { code: 0, text: `Deleted profile '${name}'.`, json: { name, deleted: true } };
}

async function confirmed(name: string, { stdin, stderr, signal }: Surroundings): Promise<boolean> {
  stderr.write(`Delete profile '${name}', and its root key in the keyring? [y/N] `);
  const lines = createInterface({ input: stdin, signal });
  for await (const line of lines) return /^y(es)?$/i.test(line.trim());
  return false;
}
