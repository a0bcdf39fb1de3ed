/** The commands of credentials: enroll, request, sign, install, inspect, verify, revoke, rotate, authorize, dev keys. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { inspectCredential, RevocationList, readIdentity, readRootKey } from "../../../ts/src/trust/index.js";
import { aster, done, doneJson, home } from "./command-line.ts";

home();
const ID = "ab".repeat(32);
const DAY = 86_400_000;
const credentialOf = (file: string, name?: string) => {
  const { entries } = readIdentity(file);
  const entry = name === undefined ? entries[0] : entries.find((one) => one.name === name);
  return inspectCredential(entry?.credential ?? "");
};
beforeAll(async () => {
  await done("trust keygen --out-key root.key");
  await done("trust keygen --out-key new.key");
});

describe("aster enroll node", () => {
  it("makes a node key and a credential in one file", async () => {
    const out = await done(
      "enroll node --role consumer --name edge --capabilities ref.user,ref.admin --root-key root.key --out edge.id",
    );
    const { node } = readIdentity("edge.id");
    expect(out).toContain(`Generated new node key (endpoint_id=${node?.endpointId.slice(0, 16)}...)\n`);
    expect(out).toContain("  Capabilities: ref.user,ref.admin\n");
    const { roles, endpointId, faults, type } = credentialOf("edge.id");
    expect({ roles, endpointId, faults, type }).toEqual({
      roles: ["ref.admin", "ref.user"],
      endpointId: node?.endpointId,
      faults: [],
      type: "policy",
    });
    expect(statSync("edge.id").mode & 0o777).toBe(0o600);
  });

  it("adds a credential for the node of a file that exists", async () => {
    const before = readIdentity("edge.id").node?.endpointId;
    const out = await done("enroll node -r producer -n mesh --root-key root.key -i edge.id");
    expect(out).toContain("Reusing node key from edge.id");
    expect(readIdentity("edge.id").node?.endpointId).toBe(before);
    expect(readIdentity("edge.id").entries.map(({ name, role }) => [name, role])).toEqual([
      ["edge", "consumer"],
      ["mesh", "producer"],
    ]);
    expect(credentialOf("edge.id", "mesh")).toMatchObject({
      type: "producer",
      roles: ["producer"],
      faults: [],
    });
  });

  it("signs the role as the only capability where none are given, and writes it", async () => {
    await done("enroll node -r consumer -n e --root-key root.key -o plain.id");
    expect(readFileSync("plain.id", "utf8")).toContain('attributes = { "aster.role" = "consumer" }');
  });

  it("prints one line with --quiet", async () => {
    const out = await done(
      "enroll node -r consumer -n e --root-key root.key -o q.id -q --expires 2030-01-31T12:00:00",
    );
    expect(out).toBe(`q.id ${readIdentity("q.id").node?.endpointId} 2030-01-31T12:00:00+00:00\n`);
  });

  it("gives a one-time credential its nonce", async () => {
    await done("enroll node -r consumer -n once -t ott --root-key root.key -o ott.id");
    expect(credentialOf("ott.id")).toMatchObject({ type: "ott", faults: [] });
  });

  it.each([
    ["--role admin --name x", "--role must be producer or consumer"],
    ["--role consumer", "--name NAME is missing"],
    ["--role producer --name x --type ott", "a producer's credential cannot be ott"],
    ["--role consumer --name x --expires soon", "--expires soon: write 30d, 24h"],
    ["--role consumer --name x --attributes a", "--attributes: write key=value"],
    ["--role consumer --name x --attributes aster.role=b --capabilities a", "not both"],
    ["--role consumer --name x --signer kms", "--signer must be local"],
  ])("refuses %s", async (line, problem) => {
    const args = ["enroll", "node", "--root-key", "root.key", "--out", "bad.id", ...line.split(" ")];
    const { code, err } = await aster(args);
    expect(code).toBe(2);
    expect(err).toContain(problem);
    expect(existsSync("bad.id")).toBe(false);
  });
});

describe("signing", () => {
  it("aster trust sign writes the credential file of the reference", async () => {
    const attributes = '{"aster.role":"ref.user"}';
    const args = ["trust", "sign", "--root-key", "root.key", "--endpoint-id", ID, "--attributes", attributes];
    const { out } = await aster([...args, "--type", "policy", "--out", "c.json"]);
    expect(out).toMatch(
      /^Signed credential written to: c.json\n {2}Type: {7}policy\n {2}Expires at: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\n/,
    );
    const document = JSON.parse(readFileSync("c.json", "utf8"));
    expect(Object.keys(document)).toEqual([
      "type",
      "root_pubkey",
      "expires_at",
      "attributes",
      "endpoint_id",
      "nonce",
      "signature",
    ]);
    const days = (document.expires_at * 1000 - Date.now()) / DAY;
    expect(Math.round(days)).toBe(30);
  });

  it("aster authorize writes a producer credential", async () => {
    await done(`authorize --root-key root.key --producer-id ${ID.toUpperCase()} --out p.tok`);
    expect(inspectCredential(readFileSync("p.tok", "utf8"))).toMatchObject({
      type: "producer",
      endpointId: ID,
      roles: [],
      faults: [],
    });
    expect((await aster(["authorize", "--root-key", "root.key"])).code).toBe(2);
  });

  it("a producer credential needs a node", async () => {
    const { code, err } = await aster(["trust", "sign", "--root-key", "root.key"]);
    expect(code).toBe(2);
    expect(err).toContain("--endpoint-id is required for producer credentials");
    await done("trust sign --root-key root.key --type policy --out .aster/credential.json");
    expect(inspectCredential(readFileSync(".aster/credential.json", "utf8")).endpointId).toBeNull();
  });
});

describe("signing on another machine", () => {
  it("takes a request there and a credential back", async () => {
    const asked = await doneJson(
      "trust request --name edge --capabilities ops,root --identity far.id --expires 7d",
    );
    expect(asked).toMatchObject({ request: "edge.request.json", newNodeKey: true });
    expect(readFileSync("edge.request.json", "utf8")).not.toMatch(/secret/);
    const unsigned = await aster(["trust", "sign", "edge.request.json", "--root-key", "root.key"]);
    expect(unsigned.code).toBe(2);
    expect(unsigned.err).toContain("asks for ops, root; grant them with --as-requested");
    await done("trust sign edge.request.json --root-key root.key --capabilities ops");
    const out = await done("trust install edge.cred --identity far.id --name edge");
    expect(out).toContain("Credential installed in: far.id\n  Name:    edge\n");
    const { roles, endpointId, expiresAt, faults } = credentialOf("far.id");
    expect({ roles, endpointId, faults }).toEqual({
      roles: ["ops"],
      endpointId: asked.endpointId,
      faults: [],
    });
    expect(Math.round((expiresAt.getTime() - Date.now()) / DAY)).toBe(7);
    await done("trust sign edge.request.json --root-key root.key --as-requested --expires 1d --out one.cred");
    const one = inspectCredential(readFileSync("one.cred", "utf8"));
    expect(one.roles).toEqual(["ops", "root"]);
    expect(Math.round((one.expiresAt.getTime() - Date.now()) / DAY)).toBe(1);
  });

  it("a second request keeps the node key", async () => {
    const again = await doneJson("trust request --name other -r producer --identity far.id");
    expect(again.newNodeKey).toBe(false);
    expect(again.endpointId).toBe(readIdentity("far.id").node?.endpointId);
  });

  it("a credential of another node is not installed", async () => {
    const { code, err } = await aster(["trust", "install", "c.json", "--identity", "far.id"]);
    expect(code).toBe(1);
    expect(err).toContain("far.id");
    expect(err).toContain("bound to another node");
  });
});

describe("aster trust verify", () => {
  it("has exit code 0 for a credential that a server would accept, and 1 for one that it refuses", async () => {
    const out = await done("trust verify edge.id --root-pubkey root.pub");
    expect(out).toMatch(/^OK: policy credential for [0-9a-f]{64}\n {2}Roles: {3}ref.admin, ref.user\n/);
    const wrong = await aster("trust verify edge.id --root-pubkey new.pub".split(" "));
    expect(wrong).toMatchObject({ code: 1, err: "" });
    expect(wrong.out).toBe("REFUSED: WRONG_ROOT: the credential is of a root key that is not trusted\n");
    const other = await aster(
      `trust verify c.json --root-pubkey root.pub --endpoint-id ${"cd".repeat(32)}`.split(" "),
    );
    expect(other.out).toContain("REFUSED: WRONG_PEER");
    const both = await doneJson(
      "trust verify edge.id --root-pubkey new.pub --root-pubkey root.pub --peer mesh",
    );
    expect(both).toMatchObject({ name: "mesh", accepted: true, type: "producer" });
  });

  it("takes the root key from the environment", async () => {
    const env = { ASTER_ROOT_PUBKEY_FILE: "root.pub" };
    expect((await aster(["trust", "verify", "c.json"], { env })).code).toBe(0);
    expect((await aster(["trust", "verify", "c.json"])).code).toBe(2);
    const unknown = await aster(["trust", "verify", "edge.id", "--peer", "none"], { env });
    expect(unknown.err).toContain("there is no credential none; the file has edge, mesh");
  });
});

describe("aster trust revoke", () => {
  it("signs lists that repeat the ones before", async () => {
    const first = await doneJson(`trust revoke --root-key root.key --endpoint-id ${ID}`);
    expect(first).toMatchObject({ list: "revoked.json", sequence: 1, total: 1 });
    const out = await done("trust revoke --root-key root.key --credential edge.id");
    expect(out).toMatch(
      /^Revocation list 2 written to: revoked.json\n( {2}credential {2}[0-9a-f]{64}\n){2} {2}It has 3 entries now.\n$/,
    );
    const list = RevocationList.parse(readFileSync("revoked.json", "utf8"));
    expect([list.sequence, list.endpointIds.has(ID), list.fingerprints.size]).toEqual([2, true, 2]);
    const refused = await aster(
      "trust verify edge.id --root-pubkey root.pub --revocations revoked.json".split(" "),
    );
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.out).toContain("REFUSED: REVOKED");
  });

  it("refuses a list of another root key, and one without entries", async () => {
    const other = await aster(`trust revoke --root-key new.key --endpoint-id ${ID}`.split(" "));
    expect(other.code).toBe(1);
    expect((await aster("trust revoke --root-key root.key".split(" "))).code).toBe(2);
    expect((await aster("trust revoke --root-key root.key --endpoint-id x".split(" "))).code).toBe(2);
  });
});

describe("aster trust rotate", () => {
  it("node makes a new key in a new file, with a request for the same credential", async () => {
    const old = readIdentity("edge.id").node?.endpointId;
    const made = await doneJson("trust rotate node --identity edge.id --out next.id");
    expect(made).toMatchObject({ request: "next.id.request.json", oldEndpointId: old });
    await done("trust sign next.id.request.json --root-key root.key --as-requested --out next.cred");
    await done("trust install next.cred --identity next.id --name edge");
    const { roles, endpointId } = credentialOf("next.id");
    expect(roles).toEqual(["ref.admin", "ref.user"]);
    expect(endpointId).toBe(made.endpointId);
    expect(endpointId).not.toBe(old);
    expect((await aster("trust rotate node --identity edge.id --out next.id".split(" "))).code).toBe(1);
  });

  it("root signs with the new key what the old one signed", async () => {
    const before = [credentialOf("edge.id", "edge"), credentialOf("edge.id", "mesh")];
    await done("trust sign --root-key root.key --type policy --out rotated.cred --expires 3d");
    const out = await done(
      "trust rotate root edge.id rotated.cred --old-root-pubkey root.pub --root-key new.key",
    );
    expect(out).toMatch(
      /^Renewed: edge.id \(edge\), until .*\nRenewed: edge.id \(mesh\), until .*\nRenewed: rotated.cred, until .*\n$/,
    );
    const after = [credentialOf("edge.id", "edge"), credentialOf("edge.id", "mesh")];
    const root = readRootKey("new.key").publicKey;
    for (const [index, { rootPublicKey, expiresAt, attributes, type, faults }] of after.entries()) {
      const was = before[index];
      expect({ expiresAt, attributes, type }).toEqual({
        expiresAt: was?.expiresAt,
        attributes: was?.attributes,
        type: was?.type,
      });
      expect({ rootPublicKey, faults }).toEqual({ rootPublicKey: root, faults: [] });
    }
  });

  it("root renews nothing that is revoked, and the new root key takes the list over", async () => {
    const line =
      "trust rotate root c.json --old-root-pubkey root.pub --root-key new.key --revocations revoked.json";
    const { code, out } = await aster(line.split(" "));
    expect({ code, out }).toEqual({
      code: 1,
      out: "NOT RENEWED: c.json: the credential or its holder is revoked\n",
    });
    const taken = await doneJson("trust revoke --root-key new.key --from revoked.json --list new.json");
    expect(taken).toMatchObject({ sequence: 1, total: 3 });
    expect(RevocationList.parse(readFileSync("new.json", "utf8")).endpointIds.has(ID)).toBe(true);
  });

  it("root renews nothing that would be refused", async () => {
    const again = await aster(
      "trust rotate root edge.id --old-root-pubkey root.pub --root-key new.key".split(" "),
    );
    expect(again.code).toBe(1);
    expect(again.out).toContain(
      "NOT RENEWED: edge.id (edge): the credential is of a root key that is not trusted",
    );
    const same = await aster(
      "trust rotate root c.json --old-root-pubkey root.pub --root-key root.key".split(" "),
    );
    expect(same.code).toBe(2);
  });
});

describe("aster trust inspect", () => {
  it("says what each kind of file means", async () => {
    for (const [file, text] of [
      ["c.json", /^Type: {8}policy[\s\S]*It would be accepted now\.\n/],
      ["edge.id", /^The identity of node [0-9a-f]{64}\n\nCredential "edge" \("consumer"\):\n {2}Type: /],
      [
        "edge.request.json",
        /^A signing request\. [\s\S]*Roles: {7}"ops", "root"\nLifetime: {4}7 days from its signing on\n$/,
      ],
      ["revoked.json", /^Revocation list 2 of root key [0-9a-f]{64}, signed .*Z\n {2}node {8}abab/],
      ["root.key", /^A secret root key\. Its public key is [0-9a-f]{64}\n$/],
      ["root.pub", /^The public key of a root key: [0-9a-f]{64}\n$/],
    ] as const) {
      expect(await done(`trust inspect ${file}`)).toMatch(text);
      expect(await doneJson(`trust inspect ${file}`)).toMatchObject({ file });
    }
    await done("keygen node --out n.key");
    expect(await done("trust inspect n.key")).toMatch(/^A secret node key\. Its endpoint id is /);
  });

  it("says what would make a credential be refused now", async () => {
    const out = await done("trust inspect c.json --root-pubkey new.pub --revocations revoked.json");
    expect(out).toMatch(/It would be refused now:\n {2}WRONG_ROOT: .*\n {2}REVOKED: /);
  });
});

describe("aster dev keys", () => {
  it("makes a root key and the identities of a server and a client", async () => {
    const made = await doneJson("dev keys --capabilities admin,user");
    expect(made.folder).toBe(".aster/dev");
    expect(readFileSync(".aster/dev/.gitignore", "utf8")).toBe("*\n");
    for (const [file, type] of [
      [made.server, "producer"],
      [made.client, "policy"],
    ]) {
      expect(await doneJson(`trust verify ${file} --root-pubkey ${made.rootPublicKey}`)).toMatchObject({
        type,
      });
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(credentialOf(made.client).roles).toEqual(["admin", "user"]);
    expect((await aster(["dev", "keys"])).code).toBe(1);
    expect(await done("dev keys other")).toContain("with the roles dev\n");
  });
});

describe("no secret", () => {
  it("is printed by any command", async () => {
    const secrets = ["root.key", "new.key"].map((file) => Buffer.from(readRootKey(file).toBytes()));
    for (const file of ["edge.id", "far.id", ".aster/dev/server.aster-identity"]) {
      secrets.push(Buffer.from(readIdentity(file).node?.toBytes() ?? []));
    }
    const lines = [
      "trust inspect root.key",
      "trust inspect edge.id",
      "enroll node -r consumer -n e2 --root-key root.key -i far.id",
      "trust request --name x --identity far.id",
      "trust verify far.id --root-pubkey root.pub --peer e2",
      `trust revoke --root-key root.key --list r2.json --endpoint-id ${ID}`,
    ];
    for (const line of [...lines, ...lines.map((text) => `${text} --json`)]) {
      const { out, err, code } = await aster(line.split(" "));
      expect({ line, code }).toEqual({ line, code: 0 });
      for (const secret of secrets) {
        expect(out + err).not.toContain(secret.toString("hex").slice(0, 16));
        expect(out + err).not.toContain(secret.toString("base64").slice(0, 12));
      }
    }
  });
});
