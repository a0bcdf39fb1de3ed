/** Files of the `aster` command of the Python reference work with ours, and the other way round. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { readIdentity, readRootPublicKey } from "aster-rpc/trust";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeInterop } from "./support/python.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ID = "ab".repeat(32);
/** Each test starts many processes. */
const PATIENCE_MS = 120_000;
let folder: string;
const environment = () => ({ ...process.env, HOME: path.join(folder, "home") });

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-trust-interop-"));
  mkdirSync(path.join(folder, "home"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs our command. */
function ours(...args: string[]) {
  const command = [here("../../dist/cli/main.js"), ...args];
  const run = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8", env: environment() });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function done(line: string): string {
  const { code, out, err } = ours(...line.split(" "));
  if (code !== 0) throw new Error(`aster ${line}: exit code ${code}: ${err}${out}`);
  return out;
}

/** Runs a script of `python/`. */
function python(script: string, ...args: string[]): string {
  const options = { cwd: folder, encoding: "utf8", timeout: 60_000, env: environment() } as const;
  return execFileSync(here("./.venv/bin/python"), [here(`./python/${script}`), ...args], options);
}

interface Verdict {
  readonly attributes: Readonly<Record<string, string>>;
  readonly isSigned: boolean;
  readonly isAdmitted: boolean;
}

/** What the reference reads from files with credentials, and whether a server that trusts the root key admits them. */
function verdictsOn(root: string, ...files: string[]): Record<string, Verdict> {
  return JSON.parse(python("trust_verdicts.py", readRootPublicKey(path.join(folder, root)), ...files));
}

/** Runs the reference's command. */
const theirs = (line: string): string => python("trust_commands.py", ...line.split(" "));

describeInterop("files of our command", () => {
  it(
    "are read by the reference, with right signatures",
    () => {
      done("keygen root --out root.key");
      done(
        "enroll node --role consumer --name edge --capabilities ref.user,ref.admin --root-key root.key --out edge.id",
      );
      done("enroll node --role consumer --name plain --root-key root.key --out edge.id");
      done("enroll node --role producer --name mesh --root-key root.key --out edge.id");
      done("enroll node --role consumer --name once --type ott --root-key root.key --out edge.id");
      done(`authorize --root-key root.key --producer-id ${ID} --out producer.tok`);
      done(
        `trust sign --root-key root.key --endpoint-id ${ID} --type policy --attributes team=x --out policy.json`,
      );
      done("trust sign --root-key root.key --type ott --capabilities ref.user --out once.json");
      done("trust request --name far --capabilities ref.user --identity far.id --out far.request.json");
      done("trust sign far.request.json --root-key root.key --as-requested --out far.cred");
      done("trust install far.cred --identity far.id --name far");
      const names = ["edge", "plain", "mesh", "once"].map((name) => `edge.id#${name}`);
      const files = [
        ...names,
        "producer.tok",
        "policy.json",
        "once.json",
        "far.cred",
        "far.id",
        "far.id#far",
      ];
      const verdicts = verdictsOn("root.pub", ...files);
      const root = readRootPublicKey(path.join(folder, "root.pub"));
      expect(Object.keys(verdicts)).toEqual(files);
      for (const [file, verdict] of Object.entries(verdicts)) {
        const right = expect.objectContaining({ root, isSigned: true, isAdmitted: true });
        expect({ file, verdict }).toEqual({ file, verdict: right });
      }
      expect(verdicts["edge.id#edge"]?.attributes).toEqual({ "aster.role": "ref.user,ref.admin" });
      // The reference's runtime needs all attributes in the file.
      expect(verdicts["edge.id#plain"]?.attributes).toEqual({ "aster.role": "consumer" });
      expect(verdicts["policy.json"]).toMatchObject({ attributes: { team: "x" }, endpointId: ID });
    },
    PATIENCE_MS,
  );

  it(
    "are refused by the reference where ours refuses them",
    () => {
      done("keygen root --out other.key");
      done("trust sign --root-key root.key --type policy --expires 2020-01-01T00:00:00Z --out expired.json");
      for (const [file, root, reason] of [
        ["edge.id", "other.pub", "WRONG_ROOT"],
        ["producer.tok", "other.pub", "WRONG_ROOT"],
        ["expired.json", "root.pub", "EXPIRED"],
      ] as const) {
        const { code, out } = ours("trust", "verify", file, "--root-pubkey", root);
        expect({ file, code, reason: out.includes(`REFUSED: ${reason}`) }).toEqual({
          file,
          code: 1,
          reason: true,
        });
        expect(verdictsOn(root, file)[file]).toMatchObject({ isSigned: true, isAdmitted: false });
      }
    },
    PATIENCE_MS,
  );

  it(
    "are used by the reference's command",
    () => {
      theirs("trust sign --root-key root.key --type policy --out signed-there.json");
      expect(ours("trust", "verify", "signed-there.json", "--root-pubkey", "root.pub")).toMatchObject({
        code: 0,
      });
      const before = readIdentity(path.join(folder, "far.id")).node?.endpointId;
      theirs(
        "enroll node --role consumer --name there --capabilities a --root-key root.key --identity far.id",
      );
      const { node, entries } = readIdentity(path.join(folder, "far.id"));
      expect(node?.endpointId).toBe(before);
      expect(entries.map(({ name }) => name)).toEqual(["far", "there"]);
      expect(ours("trust", "verify", "far.id", "--root-pubkey", "root.pub", "--peer", "there").code).toBe(0);
      done("profile create made-here");
      expect(theirs("profile list")).toBe("  made-here *  root_pubkey=<no root key>...\n");
    },
    PATIENCE_MS,
  );
});

describeInterop("files of the reference's command", () => {
  it(
    "are accepted by ours",
    () => {
      theirs("trust keygen --out-key there.key");
      theirs(`trust sign --root-key there.key --endpoint-id ${ID} --out there-producer.json`);
      theirs(`trust sign --root-key there.key --type policy --endpoint-id ${ID} --out there-policy.json`);
      theirs("trust sign --root-key there.key --type ott --out there-once.json");
      theirs(
        "enroll node --role consumer --name edge --capabilities ref.user --root-key there.key --out there.id",
      );
      // Without capabilities the reference signs the attribute aster.role and does not write it.
      theirs("enroll node --role consumer --name trap --root-key there.key --identity there.id");
      theirs("enroll node --role producer --name mesh --root-key there.key --identity there.id");
      expect(readFileSync(path.join(folder, "there.id"), "utf8")).not.toContain('"aster.role" = "consumer"');
      for (const file of ["there-producer.json", "there-policy.json", "there-once.json", "there.id"]) {
        expect({ file, ...ours("trust", "verify", file, "--root-pubkey", "there.pub") }).toMatchObject({
          file,
          code: 0,
        });
      }
      for (const [name, roles] of [
        ["edge", ["ref.user"]],
        ["trap", ["consumer"]],
        ["mesh", ["producer"]],
      ]) {
        const line = `trust verify there.id --root-pubkey there.pub --peer ${name} --json`;
        expect(JSON.parse(done(line))).toMatchObject({ name, accepted: true, roles });
      }
    },
    PATIENCE_MS,
  );

  it("that no server accepts are refused: a one-time credential that was enrolled has no nonce", () => {
    theirs("enroll node --role consumer --name once --type ott --root-key there.key --out once.id");
    const { code, out } = ours("trust", "verify", "once.id", "--root-pubkey", "there.pub");
    expect({ code, out }).toEqual({
      code: 1,
      out: "REFUSED: NONCE_MISSING: a one-time credential needs a nonce\n",
    });
  });

  it("are changed by ours without losing anything", () => {
    const file = path.join(folder, "there.id");
    // The reference does not always write the mode that its own specification asks for.
    chmodSync(file, 0o600);
    done("enroll node --role consumer --name here --root-key there.key --identity there.id");
    expect(readIdentity(file).entries.map(({ name }) => name)).toEqual(["edge", "trap", "mesh", "here"]);
    const verdicts = verdictsOn("there.pub", "there.id#edge", "there.id#here");
    expect(Object.values(verdicts)).toMatchObject([{ isAdmitted: true }, { isAdmitted: true }]);
  });

  it(
    "of profiles are read and kept",
    () => {
      theirs("keygen root --out profile.key -p prod");
      expect(done("profile list")).toMatch(
        /^ {2}made-here \*.*\n {2}prod {2}root_pubkey=[0-9a-f]{16}\.\.\.\n$/,
      );
      done("profile use prod");
      expect(done("profile show prod")).toContain("  handle_status: unregistered\n");
      expect(theirs("profile list")).toMatch(/prod \* {2}root_pubkey=[0-9a-f]{16}/);
      expect(done(`authorize --root-key profile.key --producer-id ${ID}`)).toContain("Signed credential");
      expect(ours("trust", "verify", "enrollment.token").code).toBe(0);
    },
    PATIENCE_MS,
  );
});
