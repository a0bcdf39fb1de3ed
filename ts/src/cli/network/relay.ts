// `aster relay`: a relay as a process.
//
// Owns: its arguments, the files of its certificate, and its first line. Does not own: the relay (node/relay-server.ts).

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { RelayServer, selfSigned } from "../../node/relay-server.js";
import { CommandError, type Given, type Result, type Surroundings, UsageError } from "../command.js";
import { wholeNumber } from "./options.js";
import { readToken } from "./token.js";

const PLAIN_BIND = "127.0.0.1:3340";
const TLS_BIND = "[::]:443";
const QUIC_PORT = 7842;

/** Runs a relay until the process is interrupted. */
export async function relay(given: Given, surroundings: Surroundings): Promise<Result> {
  const host = given.text("host");
  const tls = certificateOf(given, host);
  const bind = given.text("bind") ?? (tls === null ? PLAIN_BIND : TLS_BIND);
  const tokenFile = given.text("token-file");
  const allow = given.texts("allow");
  const server = await RelayServer.start({
    bind,
    host: host ?? null,
    certificate: tls?.certificate ?? null,
    key: tls?.key ?? null,
    quicPort: wholeNumber(given, "quic-port", QUIC_PORT),
    allow: allow.length === 0 ? null : allow,
    token: tokenFile === undefined ? null : readToken(tokenFile),
    maxClients: wholeNumber(given, "max-clients", 4096, 1),
  });
  const { url, address, quicPort } = server;
  const facts = {
    url,
    address,
    quicPort,
    access: accessIn(allow, tokenFile),
    certificate: tls?.file ?? null,
  };
  surroundings.stdout.write(given.flag("json") ? `${JSON.stringify(facts)}\n` : inWords(facts));
  // Nothing else keeps the process alive. The interruption ends it, and with it the relay.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    await new Promise<void>((resolve) => {
      if (surroundings.signal.aborted) resolve();
      else surroundings.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    clearInterval(alive);
    await server.close();
  }
  return { code: 0, text: "the relay has ended", json: { ended: true } };
}

interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** The file that clients need, if they have to trust it. */
  readonly file: string | null;
}

function certificateOf(given: Given, host: string | undefined): Certificate | null {
  const [certificate, key, folder] = [
    given.text("certificate"),
    given.text("key"),
    given.text("self-signed"),
  ];
  if (folder !== undefined) {
    if (certificate !== undefined || key !== undefined)
      throw new UsageError("--self-signed cannot be used with --certificate or --key");
    if (host === undefined) throw new UsageError("--self-signed needs --host, the name in the certificate");
    return ownCertificate(folder, host);
  }
  if (certificate === undefined && key === undefined) return null;
  if (certificate === undefined || key === undefined)
    throw new UsageError("--certificate and --key belong together");
  return { certificate: read(certificate), key: read(key), file: null };
}

/** The certificate in a folder. It is made when there is none. */
function ownCertificate(folder: string, host: string): Certificate {
  const [file, keyFile] = [path.join(folder, "relay.crt"), path.join(folder, "relay.key")];
  if (!existsSync(file)) {
    const made = selfSigned([host.replace(/^\[|\]$/g, "")]);
    mkdirSync(folder, { recursive: true });
    writeFileSync(keyFile, made.key, { mode: 0o600 });
    chmodSync(keyFile, 0o600);
    writeFileSync(file, made.certificate);
  }
  return { certificate: read(file), key: read(keyFile), file };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(`the certificate cannot be read: ${(error as Error).message}`);
  }
}

function accessIn(allow: readonly string[], tokenFile: string | undefined): string {
  const rules = [
    ...(allow.length === 0 ? [] : [`${allow.length} endpoint ids`]),
    ...(tokenFile === undefined ? [] : ["a token"]),
  ];
  return rules.length === 0 ? "everybody" : rules.join(" and ");
}

function inWords(facts: {
  readonly url: string;
  readonly quicPort: number | null;
  readonly access: string;
  readonly certificate: string | null;
}): string {
  const lines = [
    `relay    ${facts.url}`,
    `access   ${facts.access}`,
    `address  ${facts.quicPort === null ? "not told to clients: that needs TLS" : `UDP port ${facts.quicPort} tells clients their public address`}`,
    ...(facts.certificate === null ? [] : [`trust    clients need ${facts.certificate}`]),
  ];
  return `${lines.join("\n")}\n`;
}
