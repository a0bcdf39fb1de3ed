/** Identity files of the entry `aster-rpc/trust`. */
import { readFileSync, statSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  inspectCredential,
  install,
  readIdentity,
  signCredential,
  writeIdentity,
} from "../../../ts/src/trust/index.js";
import { node, otherNode, put, root, scratch, thrown } from "./support.ts";

const file = scratch();
const expiresAt = new Date(Date.now() + 3_600_000);
const credential = signCredential({ root, endpointId: node.endpointId, roles: ["ops"], expiresAt });
const secret = Buffer.from(node.toBytes()).toString("base64");

describe("an identity file", () => {
  it("has the key of the node and its credentials", () => {
    writeIdentity(file("a"), { node });
    expect(readIdentity(file("a"))).toMatchObject({ entries: [] });
    expect(readIdentity(file("a")).node?.endpointId).toBe(node.endpointId);
    install(file("a"), { name: "edge", credential });
    const { entries } = readIdentity(file("a"));
    expect(entries).toEqual([{ name: "edge", role: "consumer", credential, problem: null }]);
    expect(statSync(file("a")).mode & 0o777).toBe(0o600);
  });

  it("keeps what others wrote into it", () => {
    writeIdentity(file("kept"), { node });
    const text = `# mine\n${readFileSync(file("kept"), "utf8")}\n[other]\nx = 1\n`;
    put(file("kept"), text);
    install(file("kept"), { name: "edge", credential });
    const after = readFileSync(file("kept"), "utf8");
    expect(after).toMatch(/^# mine\n/);
    expect(after).toContain("[other]\nx = 1\n");
  });

  it("has one credential of each name", () => {
    const later = signCredential({ root, endpointId: null, roles: ["more"], expiresAt });
    const both = [
      { name: "edge", credential },
      { name: "edge", credential: later },
    ];
    writeIdentity(file("names"), { node, credentials: both });
    const { entries } = readIdentity(file("names"));
    expect(entries.map(({ credential }) => inspectCredential(credential ?? "").roles)).toEqual([["more"]]);
  });

  it("takes no credential that its node cannot use", () => {
    writeIdentity(file("b"), { node: otherNode });
    const before = readFileSync(file("b"));
    const changed = JSON.stringify({ ...JSON.parse(credential), endpoint_id: otherNode.endpointId });
    expect(thrown(() => install(file("b"), { name: "edge", credential }))).toMatchObject({
      reason: "WRONG_PEER",
    });
    expect(thrown(() => install(file("b"), { name: "edge", credential: changed }))).toMatchObject({
      reason: "BAD_SIGNATURE",
    });
    expect(readFileSync(file("b"))).toEqual(before);
    put(file("keyless"), "# nothing\n");
    expect(thrown(() => install(file("keyless"), { name: "edge", credential }))).toMatchObject({
      reason: "NO_NODE_KEY",
    });
    expect(thrown(() => install(file("none"), { name: "edge", credential }))).toMatchObject({
      reason: "NO_FILE",
    });
  });

  it("says which credential cannot be read", () => {
    const text = `[node]\nsecret_key = "${secret}"\n[[peers]]\nname = "x"\nrole = "consumer"\n`;
    const { entries } = readIdentity(put(file("unread"), text));
    expect(entries).toEqual([
      { name: "x", role: "consumer", credential: null, problem: expect.stringContaining("root_pubkey") },
    ]);
  });

  it("that is damaged is refused without its content", () => {
    for (const content of [
      `[node]\nsecret_key = "${secret}`,
      `[node]\nsecret_key = "${secret}x"`,
      `secret_key = ${secret}`,
      "peers = 3",
      Uint8Array.from([0xff]),
    ]) {
      const error = thrown(() => readIdentity(put(file("bad"), content)));
      expect(error).toMatchObject({ reason: "MALFORMED" });
      expect(error.message).toContain("bad");
      expect(inspect(error)).not.toContain(secret.slice(0, 8));
    }
    expect(thrown(() => readIdentity(put(file("large"), "#".repeat(262_145))))).toMatchObject({
      reason: "FILE",
    });
    expect(inspect(readIdentity(file("a")), { depth: 9, showHidden: true })).not.toContain(
      secret.slice(0, 8),
    );
  });

  it.skipIf(process.platform === "win32")("that others may read is refused and not changed", () => {
    writeIdentity(file("open"), { node });
    put(file("open"), readFileSync(file("open")), 0o644);
    expect(thrown(() => readIdentity(file("open")))).toMatchObject({ reason: "FILE_MODE" });
    expect(thrown(() => install(file("open"), { name: "e", credential }))).toMatchObject({
      reason: "FILE_MODE",
    });
  });
});
