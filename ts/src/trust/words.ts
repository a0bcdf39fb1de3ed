// A credential in words: what it allows, for whom, until when, and what would make it be refused.

import type { CredentialFault } from "../native/documents.js";

/** The checks that were not made. */
export interface Unchecked {
  readonly root: boolean;
  readonly peer: boolean;
  readonly revocations: boolean;
}

/** The result of an inspection, without its words. */
interface Report {
  readonly type: "policy" | "ott" | "producer";
  readonly rootPublicKey: string;
  readonly endpointId: string | null;
  readonly expiresAt: Date;
  readonly notBefore: Date | null;
  readonly roles: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
  readonly fingerprint: string;
  readonly faults: readonly CredentialFault[];
}

/** Describes a credential. Texts from the credential are quoted, so control characters in them are escaped. */
export function inWords(report: Report, now: Date, unchecked: Unchecked): string {
  const { type, rootPublicKey, fingerprint, notBefore, expiresAt, faults } = report;
  const lines = [
    `Type:        ${type} (${allows[type]})`,
    `For:         ${holder(report)}`,
    ...(notBefore === null ? [] : [`From:        ${instant(notBefore)}`]),
    `Until:       ${instant(expiresAt)} (${distance(expiresAt, now)})`,
    `Roles:       ${list(report.roles.map((role) => JSON.stringify(role)))}`,
    ...attributeLines(report.attributes),
    `Root key:    ${rootPublicKey}`,
    `Fingerprint: ${fingerprint}`,
  ];
  const open = list(openQuestions(unchecked));
  if (faults.length > 0) {
    lines.push("It would be refused now:", ...faults.map(({ code, message }) => `  ${code}: ${message}`));
  } else lines.push("It would be accepted now.");
  if (open !== "none") lines.push(`Not checked: ${open}`);
  if (type === "ott")
    lines.push("A server accepts it once. Whether that happened is known only to the server.");
  return lines.join("\n");
}

const allows: Readonly<Record<Report["type"], string>> = {
  policy: "admits a client, as often as it connects",
  ott: "admits a client once",
  producer: "admits a server of the mesh",
};

function holder({ endpointId }: Report): string {
  if (endpointId === null) return "every node that has this credential; keep it secret";
  return /^[0-9a-f]{64}$/.test(endpointId)
    ? `the node ${endpointId}`
    : `no node: ${JSON.stringify(endpointId)} is not an endpoint id`;
}

function attributeLines(attributes: ReadonlyMap<string, string>): string[] {
  const others = [...attributes].filter(([name]) => name !== "aster.role");
  return others.map(([name, value]) => `Attribute:   ${JSON.stringify(name)} = ${JSON.stringify(value)}`);
}

function openQuestions({ root, peer, revocations }: Unchecked): string[] {
  return [
    ...(root ? ["whether the server trusts this root key"] : []),
    ...(peer ? ["whether the node that presents it is this one"] : []),
    ...(revocations ? ["whether it is revoked"] : []),
  ];
}

function list(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.join(", ");
}

/** A time in UTC, in whole seconds. */
export function instant(time: Date): string {
  return time.toISOString().replace(".000Z", "Z");
}

function distance(time: Date, now: Date): string {
  const between = time.getTime() - now.getTime();
  const text = span(Math.abs(between) / 1000);
  return between > 0 ? `in ${text}` : `${text} ago`;
}

/** A duration with its largest unit. */
export function span(seconds: number): string {
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  for (const [name, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return `${Math.floor(seconds)} seconds`;
}
