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
  type CallPeer,
  Code,
  implement,
  message,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { credential, type Node, newNode, newRoot, type Saying } from "../unit/support/credentials.ts";
import { describeInterop, startScript } from "./support/python.ts";

const Nothing = message("guard/Nothing", { note: t.string });
const Caller = message("guard/Caller", { text: t.string });
const Guard = service(
  "Guard",
  { version: 1, requires: "user" },
  {
    whoami: unary(Nothing, Caller),
    admin: unary(Nothing, Caller, { requires: "admin" }),
    either: unary(Nothing, Caller, { requires: anyOf("ops", "admin") }),
    both: unary(Nothing, Caller, { requires: allOf("ops", "admin") }),
  },
);
const methods = ["whoami", "admin", "either", "both"] as const;
const root = newRoot();
const folder = mkdtempSync(path.join(tmpdir(), "aster-guard-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Who is admitted, and the methods that may be called. */
const admitted: [string, Saying, readonly string[]][] = [
  ["without the role of the service", { roles: "admin,ops" }, []],
  ["with the role of the service", { roles: "user" }, ["whoami"]],
  ["with one more role", { roles: "user, ops" }, ["whoami", "either"]],
  ["with all roles", { roles: "user,ops,admin" }, [...methods]],
];

/** Who is refused. The text is what the client presents; null for no credential. */
const refused: [string, (node: Node) => string | null][] = [
  ["without a credential", () => null],
  ["of another root", () => credential(newRoot(), { roles: "user" })],
  ["that has expired", (node) => credential(root, { endpointId: node.endpointId, roles: "user", lasts: -5 })],
  ["of another node", () => credential(root, { endpointId: newNode().endpointId, roles: "user" })],
  ["that was changed", () => credential(root, { roles: "user" }).replace("user", "uses")],
];

function told(says: Saying): string {
  return `aster.name=ada aster.role=${says.roles}`;
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

  it.each(admitted)("is admitted %s", async (_what, says, allowed) => {
    const node = newNode();
    const attributes = { "aster.name": "ada" };
    const text = credential(root, { endpointId: node.endpointId, attributes, ...says });
    const options = {
      credential: { file: fileOf(text) },
      secretKey: node.secretKey,
      relay: "disabled",
    } as const;
    const client = await AsterClient.connect(ticket, options);
    const guard = client.stub(Guard);
    for (const name of methods) {
      const answer = guard[name]({ note: "" }).then(
        (caller) => caller.text,
        (error) => AsterError.from(error).code,
      );
      expect(await answer, name).toBe(allowed.includes(name) ? told(says) : Code.PERMISSION_DENIED);
    }
    await client.close();
  });

  it.each(refused)("is refused with a credential %s", async (_what, text) => {
    const node = newNode();
    const options = { credential: text(node) ?? "", secretKey: node.secretKey, relay: "disabled" } as const;
    const failing = AsterClient.connect(ticket, options).catch((error: unknown) => error);
    expect(await failing).toMatchObject({ code: Code.PERMISSION_DENIED, reason: "NOT_ADMITTED" });
  });
});

describeInterop("the Python client against our server with a root key", () => {
  let server: AsterServer;
  const seen: CallPeer[] = [];

  beforeAll(async () => {
    const answer = (_nothing: unknown, { peer }: { readonly peer: CallPeer }) => {
      seen.push(peer);
      const pairs = [...peer.attributes].sort(([a], [b]) => (a < b ? -1 : 1));
      return { text: pairs.map(([name, value]) => `${name}=${value}`).join(" ") };
    };
    server = await AsterServer.start({
      services: [implement(Guard, { whoami: answer, admin: answer, either: answer, both: answer })],
      access: { rootPublicKey: root.publicKey },
      identity: "ephemeral",
      bind: "127.0.0.1:0",
      relay: "disabled",
    });
  });
  afterAll(() => server?.close());

  async function python(node: Node, text: string | null): Promise<object[]> {
    const key = Buffer.from(node.secretKey).toString("hex");
    const file = text === null ? [] : [fileOf(text)];
    const script = startScript(["guard.py", "call", server.ticket, key, ...file]);
    script.stdin.end();
    const events: object[] = [];
    for await (const line of createInterface({ input: script.stdout })) events.push(JSON.parse(line));
    return events;
  }

  it.each(admitted)("is admitted %s", async (_what, says, allowed) => {
    const node = newNode();
    const attributes = { "aster.name": "ada" };
    const text = credential(root, { endpointId: node.endpointId, attributes, ...says });
    const texts = (name: string): unknown => {
      if (allowed.includes(name)) return told(says);
      const what = says.roles?.includes("user") ? `method 'Guard.${name}'` : "service 'Guard'";
      return `7 capability check failed for ${what}`;
    };
    const expected = methods.map((method) => ({ event: "answer", method, text: texts(method) }));
    expect(await python(node, text)).toEqual(expected);
    if (allowed.length > 0) expect(seen.at(-1)?.endpointId).toBe(node.endpointId);
  });

  it.each(refused)("is refused with a credential %s", async (_what, text) => {
    const node = newNode();
    expect(await python(node, text(node))).toEqual([{ event: "refused" }]);
  });
});
