/** The public exports of the package with their TSDoc, and every example in it. */
import path from "node:path";
import ts from "typescript";
import type { Block } from "./pages.ts";
import { at } from "./tree.ts";

export interface PublicExport {
  readonly name: string;
  /** The file of its first declaration. */
  readonly file: string;
  readonly summary: string;
  readonly examples: number;
}

const relative = (file: string): string => path.relative(at(), file).replaceAll("\\", "/");

let made: ts.Program | undefined;

function program(): ts.Program {
  if (made === undefined) {
    const { config } = ts.readConfigFile(at("tsconfig.json"), ts.sys.readFile) as { config: object };
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, at());
    made = ts.createProgram(fileNames, options);
    made.getTypeChecker(); // sets the parent of every node
  }
  return made;
}

/** The tables of contents of the package, by entry. */
export const ENTRIES = {
  "aster-rpc": "ts/src/index.ts",
  "aster-rpc/testing": "ts/src/testing/index.ts",
  "aster-rpc/trust": "ts/src/trust/index.ts",
} as const;

/** The exports of an entry. */
export function publicExports(entry: keyof typeof ENTRIES): PublicExport[] {
  const checker = program().getTypeChecker();
  const index = program().getSourceFile(at(ENTRIES[entry]));
  const module = index && checker.getSymbolAtLocation(index);
  if (module === undefined) throw new Error(`${ENTRIES[entry]} is no module`);
  return checker.getExportsOfModule(module).map((symbol) => {
    const meant = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return {
      name: symbol.name,
      file: relative(meant.declarations?.[0]?.getSourceFile().fileName ?? ""),
      summary: ts.displayPartsToString(meant.getDocumentationComment(checker)),
      examples: meant.getJsDocTags(checker).filter((tag) => tag.name === "example").length,
    };
  });
}

const BLOCK_TAG = /^@(?:example|param|returns|throws|see|remarks|internal|deprecated)\b/;

/** The examples of one comment: the line of each, counted from the first line of the comment, and its code without fence. */
function examplesOf(comment: string): { readonly line: number; readonly text: string }[] {
  const found: { line: number; text: string }[] = [];
  let open: string[] | null = null;
  const close = (): void => {
    const code = open
      ?.join("\n")
      .trim()
      .replace(/^```ts\n([\s\S]*)\n```$/, "$1");
    const last = found.at(-1);
    if (code !== undefined && last) last.text = `${code}\n`;
    open = null;
  };
  for (const [line, starred] of comment.slice(0, -2).split("\n").entries()) {
    const text = starred.replace(/^\s*\/?\*+ ?/, "");
    const fenced: boolean = (open?.filter((code) => code.startsWith("```")).length ?? 0) % 2 === 1;
    if (fenced || !BLOCK_TAG.test(text)) {
      open?.push(text);
      continue;
    }
    close();
    if (!text.startsWith("@example")) continue;
    open = [text.slice("@example".length)];
    found.push({ line, text: "" });
  }
  close();
  return found;
}

/** The examples in the TSDoc of `ts/src`. Each is a block with its own section. */
export function examples(): Block[] {
  const sources = program()
    .getSourceFiles()
    .filter(({ fileName }) => relative(fileName).startsWith("ts/src/"));
  return sources.flatMap((source) => {
    const page = relative(source.fileName);
    const found: Block[] = [];
    const visit = (node: ts.Node): void => {
      for (const comment of ts.getJSDocCommentsAndTags(node)) {
        // The declarations inside the commented declaration have the same comment.
        if (!ts.isJSDoc(comment) || comment.parent !== node) continue;
        const first = source.getLineAndCharacterOfPosition(comment.getStart()).line + 1;
        for (const { line, text } of examplesOf(comment.getText())) {
          const section = `line ${first + line}`;
          found.push({ page, line: first + line, section, language: "ts", file: null, text });
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}
