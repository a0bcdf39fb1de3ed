/**
 * A server that is killed while it admits a client with a one-time credential, at each write to its store, each flush, and each
 * packet of the answer (`support/kill-at.c`). After the restart the credential counts at most once in all.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AsterClient } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { credential, newRoot } from "../unit/support/credentials.ts";

const FULL = process.env.ASTER_TEST_FULL === "1";
/** Points at packets that are tried. The answer is one of the first packets. */
const PACKETS = FULL ? 8 : 2;
const AT_ONCE = 4;

const source = fileURLToPath(new URL("support/kill-at.c", import.meta.url));
const root = newRoot();
let folder: string;
const file = (name: string): string => path.join(folder, name);

beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "aster-killed-")));
  writeFileSync(file("root.pub"), JSON.stringify({ public_key: root.publicKey }));
  if (process.platform === "linux") {
    execFileSync("cc", ["-O1", "-shared", "-fPIC", "-o", file("kill-at.so"), source, "-ldl"]);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(nonces: string, env: Record<string, string> = {}): Promise<[Child, string]> {
  const server = child("gated.mjs", ["--root", file("root.pub"), "--nonces", nonces], [], env);
  return [server, (await server.line("ready")).ticket as string];
}

/** Whether a client with a key of its own is admitted. A server that was killed does not answer. */
async function isAdmitted(ticket: string, text: string): Promise<boolean> {
  const options = { relay: "disabled", credential: text, timeoutMs: 2000 } as const;
  const client = await AsterClient.connect(ticket, options).catch(() => null);
  await client?.close();
  return client !== null;
}

const preloaded = (point: string, more: Record<string, string>) => ({
  LD_PRELOAD: file("kill-at.so"),
  ASTER_KILL_STORE: file(`nonces-${point}`),
  ASTER_KILL_WHEN: file(`armed-${point}`),
  ...more,
});

/** Kills a server at a point of an admission, starts another one, and presents the credential there twice. */
async function killedAt(point: string) {
  const nonces = file(`nonces-${point}`);
  const text = credential(root, { type: "ott", roles: "reader" });
  const [victim, ticket] = await start(nonces, preloaded(point, { ASTER_KILL_AT: point }));
  writeFileSync(file(`armed-${point}`), "");
  const told = await isAdmitted(ticket, text);
  // One that was not killed ends now.
  victim.process.kill("SIGTERM");
  const { signal } = await victim.ended;
  const [successor, again] = await start(nonces);
  const after = [await isAdmitted(again, text), await isAdmitted(again, text)];
  await successor.kill();
  const admissions = [told, ...after].filter((admitted) => admitted).length;
  return { point, killed: signal === "SIGKILL", told, admissions };
}

/** How many points the writes of one admission have. */
async function writesOfAnAdmission(): Promise<number> {
  const log = file("points");
  const [server, ticket] = await start(file("nonces-none"), preloaded("none", { ASTER_KILL_LOG: log }));
  writeFileSync(file("armed-none"), "");
  expect(await isAdmitted(ticket, credential(root, { type: "ott", roles: "reader" }))).toBe(true);
  await server.kill();
  return readFileSync(log, "utf8").split("w").length - 1;
}

describe.skipIf(process.platform !== "linux")("a server that is killed while it admits", () => {
  it(
    "never admits twice with a one-time credential, whatever the moment",
    async () => {
      const writes = await writesOfAnAdmission();
      const numbers = Array.from({ length: writes }, (_, index) => index + 1);
      const chosen = FULL ? numbers : [1, Math.ceil(writes / 2), writes];
      const points = [
        ...chosen.map((number) => `w${number}`),
        ...Array.from({ length: PACKETS }, (_, index) => `p${index + 1}`),
      ];
      const outcomes: Awaited<ReturnType<typeof killedAt>>[] = [];
      while (points.length > 0)
        outcomes.push(...(await Promise.all(points.splice(0, AT_ONCE).map(killedAt))));
      expect(outcomes.filter(({ admissions }) => admissions > 1)).toEqual([]);
      const at = (point: string) => outcomes.find((outcome) => outcome.point === point);
      // Before the first write the credential still counts; after the last one no more, although nobody was told.
      expect(at("w1")).toMatchObject({ killed: true, told: false, admissions: 1 });
      expect(at(`w${writes}`)).toMatchObject({ killed: true, told: false, admissions: 0 });
      const killed = outcomes.filter((outcome) => outcome.killed && outcome.point.startsWith("w"));
      expect(killed).toHaveLength(chosen.length);
    },
    FULL ? 240_000 : 60_000,
  );
});
