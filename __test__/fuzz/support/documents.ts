// Documents from others that are turned into code: manifests, and files in Fory IDL.
//
// Owns: the checks. Whatever a document contains, the generated code has only declarations, and a document that is refused
// is refused with an error text of the command.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AsterError, message, serverStream, service, t, unary } from "aster-rpc";
import ts from "typescript";
import { CommandError } from "../../../dist/cli/command.js";
import { generated } from "../../../dist/cli/contract/gen-client.js";
import { describedManifest } from "../../../dist/cli/described-manifest.js";
import { lowerIdl } from "../../../dist/cli/idl/lower.js";
import { parseIdl } from "../../../dist/cli/idl/parse.js";
import { emitModule } from "../../../dist/cli/typescript/emit.js";
import type { Loose } from "./types.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Texts that would end a string, a comment or an identifier if they were not escaped. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is one of these texts
const ESCAPES = Buffer.from("\"'`${}*/\n//\u2028\\\u0000;alert(1);__proto__,constructor,default,[0]");

/** A manifest of this package with all kinds of types, and the manifests of the reference. */
export function manifestSeeds(): Buffer[] {
  const Hue = t.enum("doc/Hue", { RED: "red", BLUE: 2 });
  const Leaf = message("doc/Leaf", {
    n: t.int.default(3),
    hue: Hue.default("RED"),
    text: t.string.default("x"),
  });
  const Tree = message("doc/Tree", {
    leaves: t.list(t.optional(Leaf)),
    byName: t.map(t.string, Leaf),
    next: t.optional(t.ref((): Loose => Tree)),
    either: t.optional(t.union(Leaf, Hue)),
    any: t.any,
  });
  const methods = { get: unary(Leaf, Tree), watch: serverStream(Tree, Leaf) };
  const Doc = service("Doc", { version: 2 }, methods);
  const { services } = JSON.parse(readFileSync(at("conformance/vectors/manifests.json"), "utf8")) as Loose;
  const texts = [
    JSON.stringify(describedManifest(Doc as Loose)),
    ...services.map((one: Loose) => one.manifest_text),
  ];
  return [...texts.map((text: string) => Buffer.from(text)), ESCAPES];
}

export function idlSeeds(): Buffer[] {
  const files = ["shop.fdl", "common.fdl"].map((name) =>
    readFileSync(at(`__test__/integration/fixtures/${name}`)),
  );
  return [...files, ESCAPES];
}

/** Runs a step that may refuse its input. Any error except one with a text for people is a defect. */
function refused(step: () => void): string | null {
  try {
    step();
    return null;
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof AsterError)) throw error;
    return (error as Error).message.replace(/".*"/gs, "_").replace(/\d+/g, "N").slice(0, 90);
  }
}

/** A manifest, as input of `contract gen-client`. */
export function checkManifest(bytes: Uint8Array): string {
  let manifest: Loose;
  try {
    manifest = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return "no JSON";
  }
  if (typeof manifest?.service !== "string" || !Array.isArray(manifest.methods)) return "no manifest";
  let code = "";
  const no = refused(() => {
    code = generated(manifest, "fuzz.json", true).module.code;
  });
  if (no === null) onlyDeclares(code);
  return no ?? `value ${code.length}`;
}

/** A file in Fory IDL. */
export function checkIdl(bytes: Uint8Array): string {
  let code = "";
  const no = refused(() => {
    const { types, services } = parseIdl(Buffer.from(bytes).toString("utf8"), "fuzz.fdl") as Loose;
    const lowered = lowerIdl(types, services);
    code = emitModule({ head: [], types: lowered.types, defaults: [], services: lowered.services }).code;
  });
  if (no === null) onlyDeclares(code);
  return no ?? `value ${code.length}`;
}

/** The function calls that generated code may contain, by the name or the last member. */
const CALLS = /^(t|message|service|unary|serverStream|clientStream|bidiStream|Map|Set)$/;

/** True for `class X extends message(...) {}`. */
function isMessage(statement: ts.Statement): boolean {
  if (!ts.isClassDeclaration(statement) || statement.members.length > 0) return false;
  const [base, ...more] = statement.heritageClauses?.[0]?.types ?? [];
  if (base === undefined || more.length > 0 || !ts.isCallExpression(base.expression)) return false;
  return base.expression.expression.getText() === "message";
}

/** @throws when the code is not TypeScript, or contains more than declarations */
function onlyDeclares(code: string): void {
  const file = ts.createSourceFile("made.ts", code, ts.ScriptTarget.ES2022, true);
  const [wrong] = (file as Loose).parseDiagnostics;
  if (wrong !== undefined) throw new Error(`made code that is none: ${wrong.messageText} in ${code}`);
  for (const statement of file.statements) {
    const declares =
      ts.isImportDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isVariableStatement(statement) ||
      isMessage(statement);
    if (!declares) throw new Error(`made a statement: ${statement.getText()}`);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      let callee: ts.Node = node.expression;
      while (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) callee = callee.expression;
      const name = callee.getText();
      const declared = file.statements.some(
        (one) =>
          (ts.isVariableStatement(one) &&
            one.declarationList.declarations.some((d) => d.name.getText() === name)) ||
          (ts.isClassDeclaration(one) && one.name?.getText() === name),
      );
      if (!CALLS.test(name) && !declared) throw new Error(`made a call of ${name} in ${code}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
}
