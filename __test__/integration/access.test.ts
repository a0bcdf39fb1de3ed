/** Who may call, as programs see it: access by credentials, roles, admission by the program, revocation, renewal. */
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AsterClient,
  type AsterError,
  AsterNode,
  AsterServer,
  type CallPeer,
  Code,
  type GatedAccess,
  implement,
  message,
  pushRevocations,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import {
  credential,
  identityFile,
  newNode,
  newRoot,
  type Root,
  revocationList,
  type Saying,
} from "../unit/support/credentials.ts";

const Ask = message("access/Ask", { n: t.int });
const Told = message("access/Told", { text: t.string });
const Vault = service(
  "Vault",
  { requires: "reader" },
  {
    read: unary(Ask, Told),
    write: unary(Ask, Told, { requires: "writer" }),
    watch: serverStream(Ask, Told),
  },
);
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;
const folder = mkdtempSync(path.join(tmpdir(), "aster-access-"));
const open: { close(): Promise<void> }[] = [];
let peers: CallPeer[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  peers = [];
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string): string {
  return path.join(mkdtempSync(path.join(tmpdir(), "aster-access-")), name);
}

async function serverOf(
  root: Root,
  access: Partial<GatedAccess> = {},
  logger?: object,
): Promise<AsterServer> {
  const vault = implement(Vault, {
    read: (_ask, { peer }) => {
      peers.push(peer);
      return { text: [...peer.roles].join() };
    },
    write: () => ({ text: "written" }),
    async *watch(_ask, { signal }) {
      yield { text: "first" };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  });
  const server = await AsterServer.start({
    services: [vault],
    access: { rootPublicKey: root.publicKey, ...access },
    identity: "ephemeral",
    ...local,
    ...(logger === undefined ? {} : { logger: logger as never }),
  });
  open.push(server);
  return server;
}

async function clientOf(server: AsterServer, options: object): Promise<AsterClient> {
  const client = await AsterClient.connect(server.ticket, { relay: "disabled", ...options });
  open.push(client);
  return client;
}

/** A client with a key of its own and a credential that is bound to it. */
async function admitted(server: AsterServer, root: Root, saying: Saying = {}) {
  const node = newNode();
  const text = credential(root, { endpointId: node.endpointId, roles: "reader", ...saying });
  return { node, client: await clientOf(server, { secretKey: node.secretKey, credential: text }) };
}

async function failure(promise: Promise<unknown>): Promise<AsterError> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: AsterError) => error,
  );
}

const refused = { code: Code.PERMISSION_DENIED, reason: "NOT_ADMITTED", isLocal: false, notSent: true };

describe("a server with a root key", () => {
  it("admits a client with a credential, whose roles decide what it may call", async () => {
    const root = newRoot();
    const server = await serverOf(root);
    const attributes = { "aster.name": "ada", team: "blue" };
    const { client, node } = await admitted(server, root, { attributes });
    const vault = client.stub(Vault);
    expect(await vault.read({ n: 1 })).toEqual({ text: "reader" });
    expect(await failure(vault.write({ n: 1 }))).toMatchObject({
      code: Code.PERMISSION_DENIED,
      reason: "MISSING_ROLE",
      details: new Map([["requires", "writer"]]),
    });
    const [peer] = peers;
    expect(peer).toMatchObject({ endpointId: node.endpointId, roles: new Set(["reader"]) });
    expect(peer?.attributes).toEqual(new Map(Object.entries({ "aster.role": "reader", ...attributes })));
    expect(peer?.expiresAt).toEqual(client.admission.expiresAt);
    expect(client.admission).toMatchObject({ roles: new Set(["reader"]), rootPublicKey: root.publicKey });
    expect(await server.node.info()).toMatchObject({ admissions: { ADMITTED: 1 } });
  });

  it("refuses everybody else, and all of them alike", async () => {
    const root = newRoot();
    const server = await serverOf(root);
    const other = newNode().endpointId;
    const wrong: (string | undefined)[] = [
      undefined,
      credential(newRoot(), { roles: "reader" }),
      credential(root, { roles: "reader", lasts: -1 }),
      credential(root, { roles: "reader", endpointId: other }),
      credential(root, { roles: "reader", type: "ott" }),
      credential(root, { roles: "reader" }).replace("reader", "writer"),
    ];
    for (const text of wrong) {
      expect(await failure(clientOf(server, { credential: text }))).toMatchObject(refused);
    }
    const { admissions } = await server.node.info();
    expect(Object.keys(admissions).sort()).toEqual(
      ["BAD_SIGNATURE", "EXPIRED", "NO_CREDENTIAL", "NO_NONCE_STORE", "WRONG_PEER", "WRONG_ROOT"].sort(),
    );
  });

  it("trusts several root keys at a time", async () => {
    const [first, second] = [newRoot(), newRoot()];
    const name = file("root.pub");
    writeFileSync(name, JSON.stringify({ public_key: first.publicKey }));
    const server = await serverOf(first, { rootPublicKey: [second.publicKey, { file: name }] });
    for (const root of [first, second]) {
      const { client } = await admitted(server, root);
      expect(await client.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    }
  });

  it("reads the root key from a file", async () => {
    const root = newRoot();
    const name = file("root.pub");
    writeFileSync(name, JSON.stringify({ public_key: root.publicKey }));
    const { client } = await admitted(await serverOf(root, { rootPublicKey: { file: name } }), root);
    expect(client.admission.rootPublicKey).toBe(root.publicKey);
  });

  it("has the key of an identity file", async () => {
    const root = newRoot();
    const node = newNode();
    const name = file("server.aster-identity");
    writeFileSync(name, identityFile(node, "server", credential(root)), { mode: 0o600 });
    const start = (identity: unknown) => AsterNode.start({ identity: identity as never, ...local });
    const server = await start({ file: name });
    open.push(server);
    expect(server.endpointId).toBe(node.endpointId);
    expect(await failure(start({ file: `${name}.not` }))).toMatchObject({ reason: "NO_FILE" });
    chmodSync(name, 0o644);
    expect(await failure(start({ file: name }))).toMatchObject({ reason: "FILE_MODE" });
    const keyless = file("keyless.aster-identity");
    writeFileSync(keyless, "# no key\n", { mode: 0o600 });
    expect(await failure(start({ file: keyless }))).toMatchObject({ reason: "NO_NODE_KEY" });
    for (const [identity, path] of [
      [{}, "options.identity.file"],
      [{ file: 1 }, "options.identity.file"],
      ["other", "options.identity"],
    ]) {
      expect(await failure(start(identity))).toMatchObject({ name: "TypeError", path });
    }
  });

  it("admits a one-time credential once, also at another server with the same file", async () => {
    const root = newRoot();
    const nonces = { path: file("nonces") };
    const servers = [await serverOf(root, { nonces }), await serverOf(root, { nonces })];
    const text = credential(root, { type: "ott", roles: "reader" });
    const client = await clientOf(servers[0] as AsterServer, { credential: text });
    expect(await client.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    for (const server of servers) {
      expect(await failure(clientOf(server, { credential: text }))).toMatchObject(refused);
    }
  });
});

describe("access.admit", () => {
  it("can refuse whom the credential would admit, by what the credential says", async () => {
    const root = newRoot();
    const admit = async (peer: CallPeer) =>
      peer.attributes.get("team") === "blue" && peer.roles.has("reader");
    const server = await serverOf(root, { admit });
    await admitted(server, root, { attributes: { team: "blue" } });
    expect(await failure(admitted(server, root, { attributes: { team: "red" } }))).toMatchObject(refused);
    expect((await server.node.info()).admissions).toEqual({ ADMITTED: 1, NARROWED: 1 });
  });

  it.each([
    ["throws", () => expect.fail("as planned")],
    ["rejects", () => Promise.reject(new Error("as planned"))],
    ["gives something true that is not true", () => 1 as never],
    ["gives nothing", () => undefined as never],
  ])("refuses when it %s", async (_what, admit) => {
    const root = newRoot();
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    expect(await failure(admitted(await serverOf(root, { admit }, quiet), root))).toMatchObject(refused);
  });

  it("is not asked about a peer whose credential does not count", async () => {
    let asked = 0;
    const admit = () => {
      asked += 1;
      return true;
    };
    const root = newRoot();
    const server = await serverOf(root, { admit });
    await failure(admitted(server, newRoot()));
    expect(asked).toBe(0);
  });
});

describe("revocation", () => {
  const ended = { code: Code.UNAUTHENTICATED, reason: "CREDENTIAL_REVOKED" };

  async function watching(client: AsterClient) {
    const items = client.stub(Vault).watch({ n: 1 })[Symbol.asyncIterator]();
    expect((await items.next()).value).toEqual({ text: "first" });
    return { end: failure(items.next()) };
  }

  it.each(["endpointId", "list", "push", "file"] as const)("by %s ends calls that run", async (way) => {
    const root = newRoot();
    const revocations = { path: file("revoked.json") };
    const server = await serverOf(root, { revocations });
    const { client, node } = await admitted(server, root);
    const { end } = await watching(client);
    const list = revocationList(root, 1, [node.endpointId]);
    if (way === "endpointId") expect(await server.revoke({ endpointId: node.endpointId })).toBe(true);
    else if (way === "list") expect(await server.revoke({ list })).toBe(true);
    else if (way === "push") {
      expect(await pushRevocations(server.ticket, list, { relay: "disabled" })).toBe(true);
      expect(await pushRevocations(server.ticket, list, { relay: "disabled" })).toBe(false);
      const older = pushRevocations(server.ticket, revocationList(root, 0, []), { relay: "disabled" });
      expect(await failure(older)).toMatchObject({ code: Code.FAILED_PRECONDITION, reason: "OLDER_LIST" });
    } else writeFileSync(revocations.path, list);
    expect(await end).toMatchObject(ended);
    const text = credential(root, { endpointId: node.endpointId, roles: "reader" });
    const again = clientOf(server, { secretKey: node.secretKey, credential: text });
    expect(await failure(again)).toMatchObject(refused);
  });

  it("takes no list of another root key", async () => {
    const server = await serverOf(newRoot());
    const list = revocationList(newRoot(), 1, []);
    for (const taking of [
      server.revoke({ list }),
      pushRevocations(server.ticket, list, { relay: "disabled" }),
    ]) {
      expect(await failure(taking)).toMatchObject({ code: Code.PERMISSION_DENIED, reason: "LIST_REFUSED" });
    }
  });

  it.each([
    [{}, "revocation"],
    [{ endpointId: "00" }, "revocation.endpointId"],
    [{ fingerprint: "00".repeat(32), endpointId: "00".repeat(32) }, "revocation"],
    [{ all: true }, "revocation.all"],
  ])("of %j is a TypeError at %s", async (what, at) => {
    const server = await serverOf(newRoot());
    expect(await failure(server.revoke(what as never))).toMatchObject({ name: "TypeError", path: at });
  });
});

describe("the credential of a client", () => {
  it("ends with its calls when it expires", async () => {
    const root = newRoot();
    const server = await serverOf(root);
    const { client } = await admitted(server, root, { lasts: 2 });
    const items = client.stub(Vault).watch({ n: 1 })[Symbol.asyncIterator]();
    await items.next();
    expect(await failure(items.next())).toMatchObject({
      code: Code.UNAUTHENTICATED,
      reason: "CREDENTIAL_EXPIRED",
    });
  });

  it("is warned of before it expires, by the log and by an event", async () => {
    const root = newRoot();
    const server = await serverOf(root);
    const node = newNode();
    const lines: string[] = [];
    const note = (line: string) => void lines.push(line);
    const client = await clientOf(server, {
      secretKey: node.secretKey,
      credential: credential(root, { endpointId: node.endpointId, roles: "reader", lasts: 3 }),
      logger: { debug() {}, info: note, warn: note, error: note },
    });
    const events = [client.events(), client.events()];
    const { expiresAt } = client.admission;
    for (const reader of events) expect((await reader.next()).value).toEqual({ type: "expires", expiresAt });
    expect(lines).toEqual(["the credential ends soon: install a new one"]);
  });

  it("is renewed from its file while calls run, and the next call has the new roles", async () => {
    const root = newRoot();
    const server = await serverOf(root);
    const node = newNode();
    const name = file("ada.cred");
    const say = (roles: string) => credential(root, { endpointId: node.endpointId, roles });
    writeFileSync(name, say("reader"));
    let tell: (line: string) => void = () => {};
    const told = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const logger = { debug() {}, info: tell, warn: tell, error: tell };
    const options = { secretKey: node.secretKey, credential: { file: name }, logger };
    const client = await clientOf(server, options);
    const event = client.events().next();
    const items = client.stub(Vault).watch({ n: 1 })[Symbol.asyncIterator]();
    await items.next();
    expect(await client.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    writeFileSync(`${name}.new`, say("reader,writer"));
    renameSync(`${name}.new`, name);
    expect(await told).toBe("the admission was renewed");
    expect(client.admission.roles).toEqual(new Set(["reader", "writer"]));
    expect((await event).value).toEqual({ type: "admitted", expiresAt: client.admission.expiresAt });
    expect(await client.stub(Vault).write({ n: 1 })).toEqual({ text: "written" });
    expect(await client.stub(Vault).read({ n: 1 })).toEqual({ text: "reader,writer" });
    await items.return?.();
  });

  it("that counts only from a later time is presented again, and that is warned of once", async () => {
    const root = newRoot();
    const server = await serverOf(root);
    const node = newNode();
    const name = file("ada.cred");
    const say = (saying: Saying) => credential(root, { endpointId: node.endpointId, ...saying });
    writeFileSync(name, say({ roles: "reader" }));
    const lines: string[] = [];
    let tell: () => void = () => {};
    const renewed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    // The log of the server in this process says why it refuses the credential.
    const note = (line: string) => {
      if (!line.startsWith("admission refused: NOT_YET_VALID")) lines.push(line);
      if (line === "the admission was renewed") tell();
    };
    const client = await clientOf(server, {
      secretKey: node.secretKey,
      credential: { file: name },
      logger: { debug() {}, info: note, warn: note, error: note },
    });
    const later = `${Math.floor(Date.now() / 1000) + 3}`;
    writeFileSync(`${name}.new`, say({ roles: "reader,writer", attributes: { "aster.not_before": later } }));
    renameSync(`${name}.new`, name);
    await renewed;
    expect(lines).toEqual([
      "the new credential is not accepted yet, the one before stays in use",
      "the admission was renewed",
    ]);
    expect(await client.stub(Vault).write({ n: 1 })).toEqual({ text: "written" });
    expect(client.admission.daysLeft).toBeGreaterThan(3500 / 86_400);
    expect(client.admission.daysLeft).toBeLessThanOrEqual(3600 / 86_400);
  });

  it("comes with its key from an identity file", async () => {
    const root = newRoot();
    const server = await serverOf(root);
    const node = newNode();
    const name = file(".aster-identity");
    const document = credential(root, { endpointId: node.endpointId, roles: "reader" });
    writeFileSync(name, identityFile(node, "vault", document), { mode: 0o600 });
    const client = await clientOf(server, { credential: { identityFile: name, peer: "vault" } });
    expect(await client.stub(Vault).read({ n: 1 })).toEqual({ text: "reader" });
    expect(peers[0]?.endpointId).toBe(node.endpointId);
    const missing = clientOf(server, { credential: { identityFile: name, peer: "other" } });
    expect(await failure(missing)).toMatchObject({ name: "TypeError", path: "options.credential" });
  });

  it.each([[1], [{}], [{ file: 1 }], [{ file: "/nothing/here" }], ["no credential"], [{ identity: "x" }]])(
    "%j is a TypeError",
    async (wrong) => {
      const server = await serverOf(newRoot());
      expect(await failure(clientOf(server, { credential: wrong }))).toMatchObject({ name: "TypeError" });
    },
  );
});

describe("open access", () => {
  const quietly = async (options: object, access: "open" | GatedAccess) => {
    const warned: string[] = [];
    const logger = { debug() {}, info() {}, warn: (text: string) => void warned.push(text), error() {} };
    const services = [
      implement(service("Free", {}, { read: unary(Ask, Told) }), { read: () => ({ text: "" }) }),
    ];
    const server = await AsterServer.start({
      services,
      access,
      identity: "ephemeral",
      relay: "disabled",
      logger,
      ...options,
    });
    await server.close();
    return warned;
  };

  it("is warned of once, with what to write instead, when other machines can reach the server", async () => {
    const warned = await quietly({}, "open");
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain("access: { rootPublicKey:");
    expect(await quietly({ bind: "127.0.0.1:0" }, "open")).toEqual([]);
    expect(await quietly({}, { rootPublicKey: newRoot().publicKey })).toEqual([]);
  });

  it("has nobody to revoke", async () => {
    const services = [
      implement(service("Free", {}, { read: unary(Ask, Told) }), { read: () => ({ text: "" }) }),
    ];
    const server = await AsterServer.start({ services, access: "open", identity: "ephemeral", ...local });
    open.push(server);
    const revoking = server.revoke({ endpointId: "00".repeat(32) });
    expect(await failure(revoking)).toMatchObject({ reason: "OPEN_ACCESS" });
  });
});
