import { describe, expect, it } from "vitest";
import { stderrLogger } from "../../../ts/src/logging.js";
import { endpointChecks, startOptions } from "../../../ts/src/node/node-options.js";
import { checkOptions, optional, text } from "../../../ts/src/options.js";
import { access } from "../../../ts/src/server/access.js";

const shape = { name: text, nick: optional(text) };

describe("checkOptions", () => {
  it("returns the checked options", () => {
    expect(checkOptions(shape, { name: "a" })).toEqual({ name: "a", nick: undefined });
  });

  it.each([
    [{ name: "a", nmae: "b" }, "options.nmae"],
    [{}, "options.name"],
    [{ name: 1 }, "options.name"],
    [{ name: "a", nick: "" }, "options.nick"],
    [{ name: "a", toString: 1 }, "options.toString"],
    [[], "options"],
    [null, "options"],
    ["x", "options"],
  ])("refuses %j with a TypeError that names %s", (value, path) => {
    let error: unknown;
    try {
      checkOptions(shape, value);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ path, code: "INVALID_OPTION" });
    expect((error as Error).message).toContain(path);
  });
});

describe("options of an endpoint", () => {
  it.each([
    [{ secretKey: new Uint8Array(31) }, "options.secretKey"],
    [{ secretKey: "zz".repeat(32) }, "options.secretKey"],
    [{ bind: 80 }, "options.bind"],
    [{ relay: "none" }, "options.relay"],
    [{ relay: null }, "options.relay"],
    [{ relay: { urls: [] } }, "options.relay.urls"],
    [{ relay: { urls: [1] } }, "options.relay.urls[0]"],
    [{ relay: { url: "x" } }, "options.relay.url"],
    [{ limits: { maxStreams: 0 } }, "options.limits.maxStreams"],
    [{ limits: { streams: 1 } }, "options.limits.streams"],
    [{ limits: { resetBurst: 0 } }, "options.limits.resetBurst"],
    [{ limits: { resetsPerSecond: 0.5 } }, "options.limits.resetsPerSecond"],
    [{ logger: { debug() {} } }, "options.logger.info"],
  ])("%j is refused at %s", (options, path) => {
    expect(() => checkOptions(endpointChecks, options)).toThrow(expect.objectContaining({ path }));
  });

  it("never shows a secret in the error", () => {
    expect(() => checkOptions(endpointChecks, { secretKey: "5ec3e7" })).toThrow(
      expect.not.stringContaining("5ec3e7"),
    );
  });

  it("are converted to what the addon needs, without undefined", () => {
    const checked = checkOptions(endpointChecks, {
      secretKey: new Uint8Array(32),
      relay: { urls: ["https://r"] },
      limits: { maxStreams: 7 },
      logger: stderrLogger,
    });
    expect(startOptions(checked, "ab")).toStrictEqual({
      secretKey: "ab",
      bind: null,
      relay: {
        kind: "own",
        urls: ["https://r"],
        token: null,
        quicPort: null,
        certificates: null,
        only: false,
      },
      discovery: { local: false, pkarr: null, dns: null, nameserver: null },
      limits: {
        maxStreams: 7,
        maxSessions: null,
        sessionIdleMs: null,
        headerTimeoutMs: null,
        bodyTimeoutMs: null,
        peerBytes: null,
        processBytes: null,
        resetBurst: null,
        resetsPerSecond: null,
        maxConnections: null,
        maxConnectionsPerPeer: null,
        deadAfterMs: null,
      },
    });
    expect(checked.secretKey).toBe("00".repeat(32));
  });
});

describe("the times of limits", () => {
  const limitsOf = (limits: object) => checkOptions(endpointChecks, { limits }).limits;

  it("a body may not have less time than a header", () => {
    expect(() => limitsOf({ headerTimeoutMs: 2000, bodyTimeoutMs: 1999 })).toThrow(
      "options.limits.bodyTimeoutMs must not be below headerTimeoutMs, which is 2000",
    );
  });

  it.each([
    [{ bodyTimeoutMs: 1000 }, { headerTimeoutMs: 1000, bodyTimeoutMs: 1000 }],
    [{ bodyTimeoutMs: 90_000 }, { headerTimeoutMs: 10_000, bodyTimeoutMs: 90_000 }],
    [{ headerTimeoutMs: 90_000 }, { headerTimeoutMs: 90_000, bodyTimeoutMs: 90_000 }],
    [{ headerTimeoutMs: 500 }, { headerTimeoutMs: 500, bodyTimeoutMs: 60_000 }],
  ])("the default of the other one fits: %j", (given, expected) => {
    expect(limitsOf(given)).toMatchObject(expected);
  });
});

describe("access", () => {
  it("is required, and the error lists the choices", () => {
    expect(() => access(undefined, "options.access")).toThrow(/"open".*rootPublicKey/);
  });

  it.each([["closed"], [null], [1]])("%j is a TypeError", (value) => {
    expect(() => access(value, "options.access")).toThrow(TypeError);
  });

  const key = "ab".repeat(32);
  const admit = () => true;

  it("an object is converted to what the addon needs", () => {
    const plain = { nonces: null, revocations: null, asks: false, producers: true };
    expect(access({ rootPublicKey: key }, "a")?.native).toEqual({
      ...plain,
      rootPublicKeys: [key],
      rootFiles: [],
    });
    expect(access({ rootPublicKey: { file: "root.pub" } }, "a")?.native).toEqual({
      ...plain,
      rootPublicKeys: [],
      rootFiles: ["root.pub"],
    });
    const all = access(
      {
        rootPublicKey: [key, key],
        producers: "open",
        nonces: { path: "n" },
        revocations: { path: "r" },
        admit,
      },
      "a",
    );
    expect(all?.native).toEqual({
      rootPublicKeys: [key, key],
      rootFiles: [],
      producers: false,
      nonces: "n",
      revocations: "r",
      asks: true,
    });
    expect(access("open", "a")).toBeNull();
  });

  it.each([
    [{}, "a.rootPublicKey"],
    [{ rootPublicKey: "ab" }, "a.rootPublicKey"],
    [{ rootPublicKey: [] }, "a.rootPublicKey"],
    [{ rootPublicKey: [key, 1] }, "a.rootPublicKey[1]"],
    [{ rootPublicKey: { path: "x" } }, "a.rootPublicKey.path"],
    [{ rootPublicKey: key, producers: true }, "a.producers"],
    [{ rootPublicKey: key, nonces: "x" }, "a.nonces"],
    [{ rootPublicKey: key, revocations: { file: "x" } }, "a.revocations.file"],
    [{ rootPublicKey: key, admit: true }, "a.admit"],
    [{ rootPublicKey: key, allow: 1 }, "a.allow"],
  ])("%j is refused at %s", (value, path) => {
    expect(() => access(value, "a")).toThrow(expect.objectContaining({ name: "TypeError", path }));
  });
});
