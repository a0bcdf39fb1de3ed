/** `aster relay` and `aster ping` as processes. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AsterServer, type OwnRelays } from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { fresh, probe } from "../boundary/support/probe.mjs";

const aster = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "aster-net-"));
  open.push({ close: () => rmSync(made, { recursive: true }) });
  return made;
}

interface Started {
  readonly url: string;
  readonly quicPort: number | null;
  readonly access: string;
  readonly certificate: string | null;
  /** Ends the process, and gives its exit code. */
  end(): Promise<number | null>;
}

async function relay(...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [aster, "relay", "--bind", "127.0.0.1:0", "--json", ...args]);
  const ended = once(child, "exit");
  open.push({ close: () => child.kill("SIGKILL") });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  const end = async (): Promise<number | null> => {
    child.kill("SIGTERM");
    return (await ended)[0] as number | null;
  };
  return { ...JSON.parse(line), end };
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ping(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [aster, "ping", ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

async function serve(relays: OwnRelays): Promise<AsterServer> {
  const options = {
    services: [probe()],
    access: "open",
    identity: "ephemeral",
    registry: "off",
    logger: quiet,
  } as const;
  const server = await AsterServer.start({ ...options, relay: relays });
  open.push(server);
  return server;
}

describe("aster relay", () => {
  it("says where it is, lets a call through, and ends with SIGTERM", async () => {
    const started = await relay();
    expect(started).toMatchObject({ quicPort: null, access: "everybody", certificate: null });
    const server = await serve({ urls: [started.url], only: true });
    const { code, stdout } = await ping(
      server.endpointId,
      "--relay",
      "only",
      "--relay-url",
      started.url,
      "--json",
      "--count",
      "3",
      "--interval-ms",
      "0",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      endpointId: server.endpointId,
      path: { kind: "relay", bytesDirect: 0 },
      sent: 3,
      answered: 3,
      loss: 0,
      rttMs: { min: expect.any(Number), avg: expect.any(Number), max: expect.any(Number) },
      directMs: null,
    });
    expect(await started.end()).toBe(143);
  });

  it("has TLS with a certificate of its own, a token and a list", async () => {
    const place = folder();
    const token = path.join(place, "token");
    writeFileSync(token, "a word\n");
    const tls = ["--self-signed", path.join(place, "tls"), "--host", "127.0.0.1", "--quic-port", "0"];
    const started = await relay(...tls, "--token-file", token);
    expect(started.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(started).toMatchObject({ quicPort: expect.any(Number), access: "a token" });
    expect(statSync(path.join(place, "tls", "relay.key")).mode & 0o777).toBe(0o600);
    const certificate = started.certificate!;
    const server = await serve({
      urls: [started.url],
      token: "a word",
      certificates: readFileSync(certificate, "utf8"),
      quicPort: started.quicPort!,
      only: true,
    });
    const known = [
      "--relay-url",
      started.url,
      "--relay-token-file",
      token,
      "--relay-quic-port",
      `${started.quicPort}`,
    ];
    const answered = await ping(
      server.endpointId,
      ...known,
      "--relay-certificates",
      certificate,
      "--count",
      "1",
    );
    expect(answered).toMatchObject({ code: 0, stdout: expect.stringMatching(/^answered +1 of 1/m) });
    // The same certificate is used again.
    await started.end();
    const again = await relay(...tls, "--allow", server.endpointId);
    expect(readFileSync(again.certificate!, "utf8")).toBe(readFileSync(certificate, "utf8"));
    expect(again.access).toBe("1 endpoint ids");
  });

  it("refuses wrong arguments with exit code 2", async () => {
    const wrong = async (...args: string[]): Promise<number> =>
      new Promise((resolve) => {
        execFile(process.execPath, [aster, "relay", ...args], (error) => resolve(Number(error?.code ?? 0)));
      });
    expect(await wrong("--certificate", "x")).toBe(2);
    expect(await wrong("--self-signed", "x")).toBe(2);
    expect(await wrong("--max-clients", "many")).toBe(2);
    expect(await wrong("--token-file", "/none")).toBe(1);
    expect(await wrong("--allow", "ada")).toBe(1);
  });
});

describe("aster ping", () => {
  it("shows a direct path in words", async () => {
    const server = await AsterServer.start({ ...fresh, services: [probe()], access: "open" });
    open.push(server);
    const { code, stdout } = await ping(
      server.ticket,
      "--relay",
      "disabled",
      "--count",
      "2",
      "--interval-ms",
      "0",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^path +direct, 127\.0\.0\.1:\d+$/m);
    expect(stdout).toMatch(/^answered +2 of 2 \(0 % lost\)$/m);
    expect(stdout).toMatch(/^direct after +\d/m);
  });

  it("fails with exit code 1 when nobody answers, and 2 for wrong arguments", async () => {
    expect(await ping("0".repeat(64), "--relay", "disabled", "--json")).toMatchObject({
      code: 1,
      stdout: "",
    });
    expect(await ping("x", "--count", "0")).toMatchObject({ code: 2 });
    expect(await ping("x", "--relay", "sometimes")).toMatchObject({ code: 2 });
  });
});
