/** `aster contract ...`, run as users run it: as a process, in its own folder. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Billing, Ping } from "./fixtures/billing.ts";
import { Corner, Drawing, Drawings } from "./fixtures/drawing.ts";
import { Forms, FormsService } from "./fixtures/forms.ts";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "..", "..");
const fixture = path.join(here, "fixtures", "billing.ts");
const cli = path.join(root, "dist", "cli", "main.js");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-cli-"));
  // Generated code imports the package by its name.
  mkdirSync(path.join(folder, "node_modules"));
  symlinkSync(root, path.join(folder, "node_modules", "aster-rpc"));
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[]): Promise<Run> {
  const env = { ...process.env, HOME: folder };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: folder, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}
const aster = (...args: string[]) => run(process.execPath, [cli, ...args]);
const file = (name: string) => path.join(folder, name);
const json = (name: string) => JSON.parse(readFileSync(file(name), "utf8"));

describe("aster contract gen", () => {
  it("writes the manifest of a TypeScript module, and lists it", async () => {
    const { code, out, err } = await aster(
      "contract",
      "gen",
      "--service",
      `${fixture}:Billing`,
      "--out",
      "m.json",
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(
      `Contract manifest written to: m.json\n  BillingService v3  contract_id=${Billing.contractId.slice(0, 16)}...  methods=4\n`,
    );
    const { methods, ...rest } = json("m.json");
    const plain = methods.map(({ schema, defaults, ...published }: Record<string, unknown>) => {
      expect(schema).toMatchObject({ roots: [expect.anything(), expect.anything()] });
      expect(defaults).toBeInstanceOf(Array);
      return published;
    });
    expect({ ...rest, methods: plain }).toEqual(Billing.manifest());
  });

  it("writes the same bytes again, in ASCII, floats with a decimal point", async () => {
    const text = readFileSync(file("m.json"), "utf8");
    await aster("contract", "gen", "--service", `${fixture}:Billing`, "--out", "again.json");
    expect(readFileSync(file("again.json"), "utf8")).toBe(text);
    expect(/^[\n\x20-\x7e]*$/.test(text)).toBe(true);
    expect(text).toContain('"default_value": 2.0');
  });

  it("writes an array for several services, to .aster/manifest.json", async () => {
    const services = ["--service", `${fixture}:Billing`, "--service", `${fixture}:Ping`];
    const { code, out } = await aster("contract", "gen", ...services, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ services: [{ service: "BillingService" }, { service: "Ping" }] });
    expect(json(".aster/manifest.json").map((m: { contract_id: string }) => m.contract_id)).toEqual([
      Billing.contractId,
      Ping.contractId,
    ]);
  });

  it.each([
    ["no such module", "nowhere.ts:Billing", 1, /nowhere\.ts: there is no such file/],
    ["no such export", `${fixture}:Missing`, 1, /no export Missing; it exports .*Billing/],
    ["an export that is not a service", `${fixture}:notAService`, 1, /notAService is not a service/],
    ["a text without export", "billing.ts", 2, /MODULE:EXPORT/],
  ])("reports %s", async (_, text, expected, words) => {
    const { code, out, err } = await aster("contract", "gen", "--service", text, "--out", "no.json");
    expect({ code, out }).toEqual({ code: expected, out: "" });
    expect(err).toMatch(words);
  });

  it.skipIf((process.features as { typescript?: unknown }).typescript)(
    "asks for tsx when nothing else can load a TypeScript module",
    async () => {
      writeFileSync(file("lonely.ts"), "export const a: number = 1;");
      const { code, err } = await aster("contract", "gen", "--service", "./lonely.ts:a");
      expect(code).toBe(1);
      expect(err).toMatch(/npm install --save-dev tsx/);
    },
  );
});

describe("aster contract export, import, verify", () => {
  const exported = "out/BillingService.aster.json";

  it("export a contract, and find it unchanged", async () => {
    const first = await aster("contract", "export", "--manifest", "m.json", "-o", "out");
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out).toContain(`Exported: ${exported}\n  BillingService v3  contract_id=blake3:`);
    expect(json(exported)).toMatchObject({
      aster_contract: "1",
      contract_id: `blake3:${Billing.contractId}`,
    });
    const verified = await aster("contract", "verify", exported, "--manifest", "m.json");
    expect(verified).toMatchObject({
      code: 0,
      out: expect.stringContaining("OK: BillingService contract matches."),
    });
    const code = await aster("contract", "verify", exported, "--service", `${fixture}:Billing`);
    expect(code.code).toBe(0);
    const imported = await aster("contract", "import", exported);
    expect(imported.code).toBe(0);
    const stored = `.aster/contracts/BillingService/${Billing.contractId.slice(0, 16)}.aster.json`;
    expect(imported.out).toContain(stored);
    expect(json(stored)).toEqual(json(exported));
  });

  it("verify reports a mismatch with the differences", async () => {
    const other = json("m.json");
    other.contract_id = "0".repeat(64);
    for (const method of other.methods) delete method.schema;
    other.methods.pop();
    writeFileSync(file("other.json"), JSON.stringify(other));
    const { code, out } = await aster("contract", "verify", exported, "--manifest", "other.json");
    expect(code).toBe(1);
    expect(out).toContain("MISMATCH: BillingService v3");
    expect(out).toContain("watch: method removed");
  });

  it("verify refuses an id that does not match the types", async () => {
    writeFileSync(file("forged.json"), JSON.stringify({ ...json(exported), contract_id: "1".repeat(64) }));
    const { code, out } = await aster("contract", "verify", "forged.json", "--manifest", "m.json");
    expect(code).toBe(1);
    expect(out).toContain("do not give its contract_id");
  });

  it("import refuses a service name that leaves its folder", async () => {
    writeFileSync(file("evil.json"), JSON.stringify({ ...json(exported), service: "../../evil" }));
    const { code, err } = await aster("contract", "import", "evil.json");
    expect(code).toBe(1);
    expect(err).toMatch(/cannot be a file name/);
  });
});

describe("aster contract diff", () => {
  it("of equal contracts prints nothing and ends with 0", async () => {
    const { code, out } = await aster("contract", "diff", "m.json", "m.json");
    expect({ code, out }).toEqual({ code: 0, out: "BillingService v3: the same contract\n" });
  });

  it("of contracts that break peers ends with 1, as text and as JSON", async () => {
    const text = await aster("contract", "diff", "m.json", "other.json");
    expect(text.code).toBe(1);
    expect(text.out).toContain("breaking  watch: method removed");
    const data = await aster("contract", "diff", "m.json", "other.json", "--json");
    expect(data.code).toBe(1);
    const { services, breaking } = JSON.parse(data.out);
    expect(breaking).toBe(true);
    expect(services[0].changes[0]).toMatchObject({ kind: "method_removed", path: "watch", breaking: true });
  });

  it.each([
    ["one file is missing", ["m.json"], 2],
    ["a file does not exist", ["m.json", "none.json"], 1],
    ["an option is unknown", ["m.json", "m.json", "--loud"], 2],
  ])("fails when %s", async (_, args, expected) => {
    const { code, err } = await aster("contract", "diff", ...args);
    expect(code).toBe(expected);
    expect(err).toMatch(/^Error: /);
  });

  it("reports failures as JSON too", async () => {
    const { code, err } = await aster("contract", "diff", "m.json", "none.json", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(err)).toEqual({ error: { message: "none.json: no such file", reason: null } });
  });
});

describe("aster contract gen-client", () => {
  it("writes code with the same contract, which TypeScript accepts and whose manifest is the same", async () => {
    const { code, out, err } = await aster("contract", "gen-client", "m.json", "--out", "client");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(path.join("client", "billing-service-v3.ts"));
    const generated = file("client/billing-service-v3.ts");
    const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
    const strict = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"];
    const checked = await run(process.execPath, [tsc, ...strict, generated, file("client/index.ts")]);
    expect(checked.out).toBe("");
    const module = (await import(generated)) as { BillingService: typeof Billing };
    expect(module.BillingService.contractId).toBe(Billing.contractId);
    expect(module.BillingService.manifest()).toEqual(Billing.manifest());
    expect(Object.keys(module.BillingService.methods)).toEqual(["fetchURL", "getInvoice", "upload", "watch"]);
  });

  it("supports arrays, extensions, unions of everything, shared fields and compatible messages", async () => {
    const at = path.join(here, "fixtures", "drawing.ts");
    const made = await aster("contract", "gen", "--service", `${at}:Drawings`, "--out", "drawings.json");
    expect(made).toMatchObject({ code: 0, err: "" });
    const { code, err } = await aster("contract", "gen-client", "drawings.json", "--out", "drawings");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const generated = file("drawings/drawings-v1.ts");
    const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
    const strict = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"];
    expect((await run(process.execPath, [tsc, ...strict, generated])).out).toBe("");
    const module = await import(generated);
    expect(module.Drawings.contractId).toBe(Drawings.contractId);
    const drawing = {
      corner: new Corner(1, 2),
      corners: [new Corner(3, 4)],
      weights: Float64Array.of(0.5),
      flags: Uint8Array.of(1),
      either: new Corner(5, 6),
      sameAs: null,
    };
    const bytes = Drawing.encode(drawing);
    // The generated code has no encoder for corners. It keeps their bytes, and encodes the same message again.
    const there = module.Drawing.decode(bytes);
    expect(there.corner).toEqual(new module.CornerBytes(Uint8Array.of(1, 2)));
    expect(module.Drawing.encode(there)).toEqual(bytes);
    expect(Drawing.decode(module.Drawing.encode({ ...there, flags: Uint8Array.of(0) }))).toEqual({
      ...drawing,
      flags: Uint8Array.of(0),
    });
  });

  it("keeps the forms that a type has in TypeScript, and writes messages as classes", async () => {
    const at = path.join(here, "fixtures", "forms.ts");
    const made = await aster("contract", "gen", "--service", `${at}:FormsService`, "--out", "forms.json");
    expect(made).toMatchObject({ code: 0, err: "" });
    const { code, err } = await aster("contract", "gen-client", "forms.json", "--out", "forms");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const text = readFileSync(file("forms/forms-service-v1.ts"), "utf8");
    expect(text).toContain(`export class Forms extends message("forms/Forms", {
  large: t.bigint.default(7n),
  small: t.int.default(8),
  moment: t.timestampMicros,
  day: t.timestamp,
  view: t.bytes.view,
  copy: t.bytes,
  text: t.bytes.base64,
  moments: t.list(t.timestampMicros),
  byName: t.map(t.string, t.optional(t.bigint)),
}) {}
`);
    const module = await import(file("forms/forms-service-v1.ts"));
    expect(module.FormsService.contractId).toBe(FormsService.contractId);
    const forms = {
      large: 2n ** 60n,
      small: 3,
      moment: 1_700_000_000_123_456n,
      day: new Date("2026-01-31T00:00:00Z"),
      view: Uint8Array.of(1),
      copy: Uint8Array.of(2),
      text: Uint8Array.of(3),
      moments: [1n],
      byName: new Map([["a", null]]),
    };
    const bytes = Forms.encode(forms);
    const there = module.Forms.decode(bytes);
    expect(there).toBeInstanceOf(module.Forms);
    expect({ ...there }).toEqual(forms);
    expect(module.Forms.encode(there)).toEqual(bytes);
  });

  it("works with a manifest of Python that contains all types", async () => {
    const vectors = JSON.parse(
      readFileSync(path.join(root, "conformance", "vectors", "manifests.json"), "utf8"),
    );
    const minimal = vectors.services.find(
      (s: { service_class: string }) => s.service_class === "vec_shapes.Minimal",
    );
    writeFileSync(file("minimal.json"), minimal.manifest_text);
    const { code } = await aster("contract", "gen-client", "minimal.json", "--out", "minimal");
    expect(code).toBe(0);
    const module = await import(file("minimal/minimal-v1.ts"));
    expect(module.Minimal.contractId).toBe(JSON.parse(minimal.manifest_text).contract_id);
    expect(module.Minimal.manifest()).toEqual(JSON.parse(minimal.manifest_text));
  });

  it("refuses a manifest that does not contain all types, unless --force is set", async () => {
    const vectors = JSON.parse(
      readFileSync(path.join(root, "conformance", "vectors", "manifests.json"), "utf8"),
    );
    const kitchen = vectors.services.find((s: { service_class: string }) =>
      s.service_class.endsWith("Kitchen"),
    );
    const hidden = kitchen ?? vectors.services[1];
    writeFileSync(file("hidden.json"), hidden.manifest_text);
    const { code, err } = await aster("contract", "gen-client", "hidden.json", "--out", "hidden");
    expect(code).toBe(1);
    expect(err).toMatch(/does not describe|says too little/);
  });

  it("requires --out", async () => {
    expect((await aster("contract", "gen-client", "m.json")).code).toBe(2);
  });
});

describe("aster contract from-idl", () => {
  const shop = path.join(here, "fixtures", "shop.fdl");

  it("writes schemas and services that load and describe the same types", async () => {
    const { code, err } = await aster("contract", "from-idl", shop, "--out", "shop.ts");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const module = await import(file("shop.ts"));
    expect(module.Order.tag).toBe("shop.v1/Order");
    expect(module.Line.tag).toBe("shop.v1/Order.Line");
    expect(module.Address.tag).toBe("common/Address");
    expect(module.OrderState.members).toEqual(["OPEN", "PAID"]);
    expect(module.Orders.contractId).toMatch(/^[0-9a-f]{64}$/);
    const order = {
      orderId: "o",
      state: "PAID",
      lines: [{ sku: "s", price: 1.5 }],
      counts: new Map([["a", 1]]),
      paidAt: null,
      notes: ["x", null],
      address: { street: "s", zip: 5n },
      payment: module.Card.of({ number: "1" }),
      serial: 9n,
    };
    expect(module.Order.decode(module.Order.encode(order))).toEqual(order);
    expect(module.OrderState.value("PAID").toJSON()).toBe(5);
  });

  it("arrays become typed arrays, and messages that contain a ref track references", async () => {
    const source = [
      "package g;",
      "message Series { array<int32> ticks = 1; optional array<float64> values = 2; array<bool> flags = 3; }",
      "message Node { Series series = 1; ref Node next = 2; list<ref Node> all = 3; }",
      "message Graph { map<string, Node> nodes = 1; }",
      "message Alone { string s = 1; }",
    ];
    writeFileSync(file("graph.fdl"), source.join("\n"));
    const { code, err } = await aster("contract", "from-idl", "graph.fdl", "--out", "graph.ts");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const { Series, Graph } = await import(file("graph.ts"));
    const series = { ticks: Int32Array.of(1), values: null, flags: Uint8Array.of(1) };
    expect(Series.decode(Series.encode(series))).toEqual(series);
    const text = readFileSync(file("graph.ts"), "utf8");
    expect(text.match(/refs: true/g)).toHaveLength(2);
    const node: Record<string, unknown> = { series, all: [] };
    node.next = node;
    const back = Graph.decode(Graph.encode({ nodes: { a: node, b: node } })).nodes;
    expect(back.get("a").next).toBe(back.get("a"));
    expect(back.get("b")).toBe(back.get("a"));
  });

  it.each([
    ["an array of strings", "message A {\n  array<string> a = 1;\n}", 2, "the items of an array"],
    [
      "an array of optional items",
      "message A {\n  array<optional int8> a = 1;\n}",
      2,
      "the items of an array",
    ],
    [
      "a type that messages cannot contain",
      "message A {\n  string a = 1;\n  duration d = 2;\n}",
      3,
      "duration",
    ],
    ["decimals", "message A { decimal d = 1; }", 1, "decimal"],
    ["an undeclared type", "message A {\n  Missing m = 1;\n}", 2, "Missing is not declared"],
    ["a union of plain values", "union U {\n  string s = 1;\n  int32 i = 2;\n}", 2, "the case s"],
    [
      "a number that is used twice",
      "message A {\n  string a = 1;\n  string b = 1;\n}",
      3,
      "1 is declared twice",
    ],
    ["an enum without members", "\nenum E { }\nmessage A { E e = 1; }", 2, "no members"],
    ["an option that would change the bytes", "message A {\n\n  string a = 1 [packed=true];\n}", 3, "packed"],
    ["an import that does not exist", 'package a;\nimport "none.fdl";', 2, "no such file"],
    ["an import of another language", 'import "a.proto";', 1, "only Fory IDL"],
    ["a file without its last brace", "message A {\n  string a = 1;\n", 1, "no closing brace"],
    ["a character that is not part of IDL", "message A {\n  string a = 1;\n}\n#", 4, '"#"'],
  ])("names the line of %s", async (_, source, line, words) => {
    writeFileSync(file("bad.fdl"), source);
    const { code, out, err } = await aster("contract", "from-idl", "bad.fdl");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(`bad.fdl:${line}: `);
    expect(err).toContain(words);
  });

  it("refuses files that import each other", async () => {
    writeFileSync(file("a.fdl"), 'import "b.fdl";');
    writeFileSync(file("b.fdl"), '\nimport "a.fdl";');
    const { code, err } = await aster("contract", "from-idl", "a.fdl");
    expect(code).toBe(1);
    expect(err).toContain("b.fdl:2: a.fdl imports this file");
  });
});

describe("aster", () => {
  it("prints its version and its commands, and refuses unknown words", async () => {
    expect((await aster("--version")).out).toMatch(/^aster \d+\.\d+\.\d+\n$/);
    expect((await aster("--help")).out).toContain("aster contract diff OLD NEW");
    expect((await aster("contract", "diff", "--help")).out).toContain("aster contract diff OLD NEW");
    expect(await aster("contract", "dance")).toMatchObject({ code: 2, out: "" });
  });
});
