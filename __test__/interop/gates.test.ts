/** Access by credentials between both implementations: who is admitted, as what, and who is refused. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import {
  AsterClient,
  AsterError,
  AsterServer,
  allOf,
  anyOf,
  type CallContext,
  Code,
  type Infer,
  implement,
  serverStream,
  service,
  unary,
} from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { credential, type Node, newNode, newRoot, type Saying } from "../unit/support/credentials.ts";
import { CallInfo, CountRequest, Empty, Item } from "./ref-echo/contract.ts";
import { describeInterop, startScript } from "./support/python.ts";

const RefEcho = service("RefEcho", { version: 1 }, { whoami: unary(Empty, CallInfo) });
const admin = { requires: "ref.admin" } as const;
const RefGuard = service(
  "RefGuard",
  { version: 1, requires: "ref.user" },
  {
    user: unary(Empty, CallInfo),
    admin: unary(Empty, CallInfo, admin),
    either: unary(Empty, CallInfo, { requires: anyOf("ref.ops", "ref.admin") }),
    both: unary(Empty, CallInfo, { requires: allOf("ref.ops", "ref.admin") }),
    adminCount: serverStream(CountRequest, Item, admin),
  },
);
const RefGuardSession = service(
  "RefGuardSession",
  { version: 1, scope: "session", requires: "ref.user" },
  {
    whoami: unary(Empty, CallInfo),
    admin: unary(Empty, CallInfo, admin),
    adminCount: serverStream(CountRequest, Item, admin),
  },
);
const modes = ["xlang", "json"] as const;
type Mode = (typeof modes)[number];
const root = newRoot();
const folder = mkdtempSync(path.join(tmpdir(), "aster-guard-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every call, in the order in which both clients make them. */
const calls = [
  "RefEcho.whoami",
  "RefGuard.user",
  "RefGuard.admin",
  "RefGuard.either",
  "RefGuard.both",
  "RefGuard.admin_count",
  "RefGuardSession.whoami",
  "RefGuardSession.admin",
];

/** Who is admitted, and the calls that are refused. */
const admitted: [string, Saying, readonly string[]][] = [
  ["without the role of the service", { roles: "ref.admin,ref.ops" }, calls.slice(1)],
  [
    "with the role of the service",
    { roles: "ref.user" },
    calls.filter((name) => /admin|either|both/.test(name)),
  ],
  ["with one more role", { roles: "ref.user, ref.ops" }, calls.filter((name) => /admin|both/.test(name))],
  ["with all roles", { roles: "ref.user,ref.ops,ref.admin" }, []],
];

/** Who is refused. The text is what the client presents; null for no credential. */
const refused: [string, (node: Node) => string | null][] = [
  ["without a credential", () => null],
  ["of another root", () => credential(newRoot(), { roles: "ref.user" })],
  [
    "that has expired",
    (node) => credential(root, { endpointId: node.endpointId, roles: "ref.user", lasts: -5 }),
  ],
  ["of another node", () => credential(root, { endpointId: newNode().endpointId, roles: "ref.user" })],
  ["that was changed", () => credential(root, { roles: "ref.user" }).replace("ref.user", "ref.uses")],
];

/** What a handler knows of the caller. */
const knows = (node: Node, says: Saying, metadata: object) => ({
  peer: node.endpointId,
  metadata,
  attributes: { "aster.name": "ada", "aster.role": says.roles },
});

/** The answers that a client gets. */
function answers(node: Node, says: Saying, denied: readonly string[], metadata: object): object[] {
  return calls.map((method) => {
    if (denied.includes(method)) return { method, code: Code.PERMISSION_DENIED, text: refusal(method, says) };
    return { method, knows: method.endsWith("count") ? 3 : knows(node, says, metadata) };
  });
}

function refusal(method: string, { roles = "" }: Saying): string {
  const [name] = method.split(".");
  const what = roles.includes("ref.user") ? `method '${method}'` : `service '${name}'`;
  return `capability check failed for ${what}`;
}

function fileOf(text: string): string {
  const file = path.join(mkdtempSync(path.join(folder, "cred-")), "ada.cred");
  writeFileSync(file, text.replace('"credential_type"', '"type"'), { mode: 0o600 });
  return file;
}

describeInterop("our client against the Python server with a root key", () => {
  let ticket = "";
  let stop = async (): Promise<void> => {};

  beforeAll(async () => {
    const script = startScript(["guard.py", "serve", root.publicKey]);
    const closed = once(script, "close");
    const [line] = (await once(createInterface({ input: script.stdout }), "line")) as [string];
    ticket = JSON.parse(line).ticket;
    stop = async () => {
      script.stdin.end();
      await closed;
    };
  }, 60_000);
  afterAll(() => stop());

  describe.each(modes)("in %s mode", (mode) => {
    it.each(admitted)("is admitted %s", async (_what, says, denied) => {
      const node = newNode();
      const attributes = { "aster.name": "ada" };
      const text = credential(root, { endpointId: node.endpointId, attributes, ...says });
      const client = await AsterClient.connect(ticket, {
        credential: { file: fileOf(text) },
        secretKey: node.secretKey,
        relay: "disabled",
      });
      expect(await ours(client, mode)).toEqual(answers(node, says, denied, { note: "x" }));
      await client.close();
    });
  });

  it.each(refused)("is refused with a credential %s", async (_what, text) => {
    const node = newNode();
    const options = { credential: text(node) ?? "", secretKey: node.secretKey, relay: "disabled" } as const;
    const failing = AsterClient.connect(ticket, options).catch((error: unknown) => error);
    expect(await failing).toMatchObject({ code: Code.PERMISSION_DENIED, reason: "NOT_ADMITTED" });
  });
});

/** Makes all calls. */
async function ours(client: AsterClient, mode: Mode): Promise<object[]> {
  const [echo, guard] = [client.stub(RefEcho, { mode }), client.stub(RefGuard, { mode })];
  // Each in a session of its own: a refusal may end the session.
  const session = () => client.session(RefGuardSession, { mode });
  const said = { metadata: { note: "x" } };
  const counted = async () => {
    let count = 0;
    for await (const _ of guard.adminCount({ n: 3 })) count += 1;
    return count;
  };
  const told = async (answer: Promise<Infer<typeof CallInfo>>) => {
    const { peer, metadata, attributes } = await answer;
    return { peer, metadata: Object.fromEntries(metadata), attributes: Object.fromEntries(attributes) };
  };
  const makes: (() => Promise<unknown>)[] = [
    () => told(echo.whoami({}, said)),
    () => told(guard.user({}, said)),
    () => told(guard.admin({}, said)),
    () => told(guard.either({}, said)),
    () => told(guard.both({}, said)),
    counted,
    async () => told((await session()).whoami({}, said)),
    async () => told((await session()).admin({}, said)),
  ];
  const seen: object[] = [];
  for (const [index, make] of makes.entries()) {
    const method = calls[index] ?? "";
    seen.push(
      await make().then(
        (known) => ({ method, knows: known }),
        (error) => ({ method, code: AsterError.from(error).code, text: AsterError.from(error).rawMessage }),
      ),
    );
  }
  return seen;
}

describeInterop("the Python client against our server with a root key", () => {
  let server: AsterServer;

  beforeAll(async () => {
    const whoami = (_: unknown, { peer, metadata, method }: CallContext) => ({
      service: method.split(".")[0] ?? "",
      method: method.split(".")[1] ?? "",
      peer: peer.endpointId,
      callId: "",
      sessionId: "",
      hasDeadline: false,
      remainingMillis: 0,
      metadata,
      attributes: peer.attributes,
    });
    const adminCount = async function* ({ n }: { readonly n: number }) {
      for (let index = 0; index < n; index += 1) yield { index };
    };
    server = await AsterServer.start({
      services: [
        implement(RefEcho, { whoami }),
        implement(RefGuard, { user: whoami, admin: whoami, either: whoami, both: whoami, adminCount }),
        implement(RefGuardSession, () => ({ whoami, admin: whoami, adminCount })),
      ],
      access: { rootPublicKey: root.publicKey },
      identity: "ephemeral",
      bind: "127.0.0.1:0",
      relay: "disabled",
    });
  });
  afterAll(() => server?.close());

  async function python(node: Node, text: string | null, mode: Mode = "xlang"): Promise<object[]> {
    const key = Buffer.from(node.secretKey).toString("hex");
    const file = text === null ? [] : [fileOf(text)];
    const script = startScript(["guard.py", "call", server.ticket, mode, key, ...file]);
    script.stdin.end();
    const events: object[] = [];
    for await (const line of createInterface({ input: script.stdout })) events.push(JSON.parse(line));
    return events;
  }

  describe.each(modes)("in %s mode", (mode) => {
    it.each(admitted)(
      "is admitted %s, and what it says about itself is not passed on",
      async (_what, says, denied) => {
        const node = newNode();
        const attributes = { "aster.name": "ada" };
        const text = credential(root, { endpointId: node.endpointId, attributes, ...says });
        const expected = answers(node, says, denied, { note: "x" });
        const seen = await python(node, text, mode);
        expect(seen).toEqual(expected.map((answer) => ({ event: "answer", ...answer })));
      },
    );
  });

  it.each(refused)("is refused with a credential %s", async (_what, text) => {
    const node = newNode();
    expect(await python(node, text(node))).toEqual([{ event: "refused" }]);
  });
});
