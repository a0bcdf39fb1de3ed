/** Credentials, requests and revocation lists of the entry `aster-rpc/trust`. */
import { describe, expect, it } from "vitest";
import {
  createRequest,
  inspectCredential,
  RevocationList,
  readRequest,
  signCredential,
  signRequest,
  verifyCredential,
} from "../../../ts/src/trust/index.js";
import { node, otherNode, otherRoot, root, thrown } from "./support.ts";

const NOW = new Date("2026-11-30T12:00:00Z");
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const { endpointId } = node;
const grant = { root, endpointId, roles: ["ops", "billing.read"], expiresAt: later(3600) };

describe("a credential", () => {
  it("says what was signed", () => {
    const text = signCredential({ ...grant, attributes: { team: 'a"b' }, notBefore: later(-60) });
    const facts = verifyCredential(text, { rootPublicKey: root.publicKey, endpointId, now: NOW });
    expect(facts).toEqual({
      type: "policy",
      rootPublicKey: root.publicKey,
      endpointId,
      expiresAt: later(3600),
      notBefore: later(-60),
      roles: ["billing.read", "ops"],
      attributes: new Map([
        ["team", 'a"b'],
        ["aster.not_before", String(later(-60).getTime() / 1000)],
        ["aster.role", "ops,billing.read"],
      ]),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("is refused for each reason, with its word", () => {
    const against = { rootPublicKey: root.publicKey, endpointId, now: NOW };
    const text = signCredential(grant);
    const revoked = RevocationList.sign(root, { endpointIds: [endpointId] });
    const { fingerprint } = inspectCredential(text);
    const single = RevocationList.sign(root, { fingerprints: [fingerprint] });
    const changed = JSON.stringify({ ...JSON.parse(text), attributes: { "aster.role": "root" } });
    const cases: [string, () => unknown][] = [
      ["EXPIRED", () => verifyCredential(text, { ...against, now: later(3600) })],
      ["WRONG_ROOT", () => verifyCredential(text, { ...against, rootPublicKey: otherRoot.publicKey })],
      ["WRONG_PEER", () => verifyCredential(text, { ...against, endpointId: otherNode.endpointId })],
      ["REVOKED", () => verifyCredential(text, { ...against, revocations: [String(revoked)] })],
      ["REVOKED", () => verifyCredential(text, { ...against, revocations: [String(single)] })],
      ["BAD_SIGNATURE", () => verifyCredential(changed, against)],
      ["NOT_YET_VALID", () => verifyCredential(signCredential({ ...grant, notBefore: later(1) }), against)],
    ];
    for (const [reason, verify] of cases) expect(thrown(verify)).toMatchObject({ code: 7, reason });
    const several = [otherRoot.publicKey, root.publicKey];
    expect(verifyCredential(text, { ...against, rootPublicKey: several }).roles).toContain("ops");
    expect(verifyCredential(text, { ...against, now: later(3599) }).roles).toContain("ops");
  });

  it("is not verified without a root key and a peer", () => {
    const text = signCredential(grant);
    const verify = verifyCredential as (text: string, checks?: object) => unknown;
    for (const checks of [undefined, {}, { rootPublicKey: root.publicKey }, { endpointId }]) {
      expect(thrown(() => verify(text, checks))).toBeInstanceOf(TypeError);
    }
    expect(thrown(() => verify(text, { rootPublicKey: [], endpointId }))).toBeInstanceOf(TypeError);
  });

  it("that every server would refuse is not signed", () => {
    const cases: [object, string][] = [
      [{ type: "producer", endpointId: null }, "endpointId"],
      [{ endpointId: "abc" }, "endpointId"],
      [{ notBefore: later(3600) }, "attributes"],
      [{ roles: ["a,b"] }, "roles"],
      [{ roles: [" a"] }, "roles"],
      [{ attributes: { "aster.role": "x" } }, "roles"],
      [{ attributes: { "aster.iid_provider": "aws" } }, "attributes"],
      [{ attributes: { a: "x".repeat(16_384) } }, "attributes"],
      [{ type: "root" }, "options.type"],
      [{ endpointId: undefined }, "options.endpointId"],
      [{ expiresAt: new Date(Number.NaN) }, "options.expiresAt"],
      [{ expiresAt: new Date(-1000) }, "expiresAt"],
      [{ attributes: { a: 1 } }, "options.attributes.a"],
      [{ root: { publicKey: root.publicKey } }, "options.root"],
      [{ lifetime: 3 }, "options.lifetime"],
    ];
    for (const [change, path] of cases) {
      const error = thrown(() => signCredential({ ...grant, ...change } as typeof grant));
      expect(error).toBeInstanceOf(TypeError);
      expect({ change, path: error.path }).toEqual({ change, path });
    }
  });

  it("that is used once has its own nonce each time", () => {
    const signed = () => signCredential({ ...grant, type: "ott" });
    expect(inspectCredential(signed()).fingerprint).not.toBe(inspectCredential(signed()).fingerprint);
    expect(inspectCredential(signCredential(grant)).fingerprint).toBe(
      inspectCredential(signCredential(grant)).fingerprint,
    );
  });

  it("is described in words", () => {
    const text = signCredential({ ...grant, attributes: { team: "\u001b[2J" } });
    const { description } = inspectCredential(text, { now: NOW });
    expect(description.split("\n")).toEqual([
      "Type:        policy (admits a client, as often as it connects)",
      `For:         the node ${endpointId}`,
      "Until:       2026-11-30T13:00:00Z (in 1 hour)",
      'Roles:       "billing.read", "ops"',
      'Attribute:   "team" = "\\u001b[2J"',
      `Root key:    ${root.publicKey}`,
      expect.stringMatching(/^Fingerprint: [0-9a-f]{64}$/),
      "It would be accepted now.",
      "Not checked: whether the server trusts this root key, whether the node that presents it is this one, whether it is revoked",
    ]);
  });

  it("is described with everything that would make it be refused", () => {
    const text = signCredential({ ...grant, type: "ott", endpointId: null, roles: [] });
    const checks = { now: later(2 * 86_400), rootPublicKey: otherRoot.publicKey, revocations: [] };
    const { description, faults } = inspectCredential(text, checks);
    expect(faults.map(({ code }) => code)).toEqual(["WRONG_ROOT", "EXPIRED"]);
    expect(description).toContain("Type:        ott (admits a client once)\n");
    expect(description).toContain("For:         every node that has this credential; keep it secret\n");
    expect(description).toContain("Until:       2026-11-30T13:00:00Z (1 day ago)\nRoles:       none\n");
    expect(description).toMatch(
      /It would be refused now:\n {2}WRONG_ROOT: .*\n {2}EXPIRED: .*\nA server accepts it once/,
    );
    expect(description).not.toContain("Not checked");
  });

  it("whose signature everybody could make is refused, whatever root it names", () => {
    const weak = JSON.stringify({ ...JSON.parse(signCredential(grant)), root_pubkey: "0".repeat(64) });
    const codes = inspectCredential(weak, { now: NOW }).faults.map(({ code }) => code);
    expect(codes).toEqual(["WRONG_ROOT", "BAD_SIGNATURE"]);
  });

  it.each(["", "{", "[]", '{"type":"policy"}', "x".repeat(70_000)])("is not %.20j", (text) => {
    const error = thrown(() => inspectCredential(text));
    expect(text === "" ? error.path : error.reason).toBe(text === "" ? "credential" : "MALFORMED");
  });

  it("that never ends has the last date there is", () => {
    const text = signCredential({ ...grant, expiresAt: new Date(8.64e15) });
    const late = JSON.stringify({ ...JSON.parse(text), expires_at: 18446744073709551615n.toString() });
    expect(inspectCredential(text).expiresAt).toEqual(new Date(8.64e15));
    expect(inspectCredential(late).expiresAt).toEqual(new Date(8.64e15));
  });
});

describe("a signing request", () => {
  const asked = {
    node,
    name: "edge",
    roles: ["ops", "root"],
    attributes: { team: "x" },
    lifetimeMs: 3_600_000,
  };

  it("says what is asked for", () => {
    expect(readRequest(createRequest(asked))).toEqual({
      type: "policy",
      name: "edge",
      endpointId,
      roles: ["ops", "root"],
      attributes: new Map([
        ["team", "x"],
        ["aster.role", "ops,root"],
      ]),
      lifetimeMs: 3_600_000,
    });
  });

  it("is signed as it is, or with less", () => {
    const check = { rootPublicKey: root.publicKey, endpointId, now: NOW };
    const request = createRequest({ ...asked, type: "producer" });
    const whole = verifyCredential(signRequest(request, { root, now: NOW }), check);
    expect(whole).toMatchObject({ type: "producer", roles: ["ops", "root"], expiresAt: later(3600) });
    const less = signRequest(request, { root, roles: ["ops"], lifetimeMs: 60_000, now: NOW });
    expect(verifyCredential(less, check)).toMatchObject({ roles: ["ops"], expiresAt: later(60) });
    expect(verifyCredential(signRequest(request, { root, roles: [], now: NOW }), check).roles).toEqual([]);
  });

  it("of another node, or with a change, is refused", () => {
    const request = JSON.parse(createRequest(asked));
    for (const change of [
      { endpoint_id: otherNode.endpointId },
      { name: "edge2" },
      { attributes: { "aster.role": "root" } },
      { lifetime_s: 3601 },
      { type: "producer" },
    ]) {
      const text = JSON.stringify({ ...request, ...change });
      expect(thrown(() => signRequest(text, { root }))).toMatchObject({ reason: "MALFORMED" });
    }
  });

  it.each<[object, string]>([
    [{ name: "" }, "options.name"],
    [{ name: "x".repeat(257) }, "name"],
    [{ lifetimeMs: 999 }, "lifetimeMs"],
    [{ lifetimeMs: 11 * 365 * 86_400_000 }, "lifetimeMs"],
    [{ node: root }, "options.node"],
  ])("with %j is not made", (change, path) => {
    expect(thrown(() => createRequest({ ...asked, ...change }))).toMatchObject({ path });
  });
});

describe("a revocation list", () => {
  it("repeats what the list before it says", () => {
    const first = RevocationList.sign(root, { endpointIds: [endpointId], now: NOW });
    const second = first.next(root, { fingerprints: ["ab".repeat(32)] });
    expect(first).toMatchObject({ sequence: 1, rootPublicKey: root.publicKey, issuedAt: NOW });
    expect(second).toMatchObject({ sequence: 2 });
    expect([...second.endpointIds, ...second.fingerprints]).toEqual([endpointId, "ab".repeat(32)]);
    expect(String(RevocationList.parse(String(second)))).toBe(String(second));
  });

  it("is continued by its own root key only", () => {
    const first = RevocationList.sign(root, {});
    expect(thrown(() => first.next(otherRoot, {}))).toMatchObject({ reason: "WRONG_ROOT" });
  });

  it("that was changed is refused", () => {
    const list = JSON.parse(String(RevocationList.sign(root, { endpointIds: [endpointId] })));
    for (const change of [{ sequence: 2 }, { endpoint_ids: [] }, { root_pubkey: otherRoot.publicKey }]) {
      const text = JSON.stringify({ ...list, ...change });
      expect(thrown(() => RevocationList.parse(text))).toMatchObject({ reason: "MALFORMED" });
    }
    expect(thrown(() => RevocationList.sign(root, { endpointIds: ["x"] }))).toMatchObject({
      path: "endpointIds[0]",
    });
  });
});
