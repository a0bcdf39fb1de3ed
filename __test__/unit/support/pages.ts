/** The code blocks of Markdown pages, and the modules made of them: one for each section. */
import { readFileSync } from "node:fs";
import { at } from "./tree.ts";

export interface Block {
  readonly page: string;
  /** The line of the opening fence. */
  readonly line: number;
  /** The nearest heading above the block. */
  readonly section: string;
  readonly language: string;
  /** The file that the block must equal, from a comment in the line before it, or null. */
  readonly file: string | null;
  readonly text: string;
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let section = "";
  let open: { line: number; language: string; file: string | null; text: string[] } | null = null;
  const lines = readFileSync(at(page), "utf8").split("\n");
  for (const [index, line] of lines.entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (open === null) {
      if (fence) {
        const file = /^<!-- (\S+) -->$/.exec(lines[index - 1] ?? "")?.[1] ?? null;
        open = { line: index + 1, language: fence[1] ?? "", file, text: [] };
      } else section = /^#+ (.+)$/.exec(line)?.[1] ?? section;
    } else if (fence) {
      const { text, ...head } = open;
      blocks.push({ page, section, ...head, text: `${text.join("\n")}\n` });
      open = null;
    } else open.text.push(line);
  }
  return blocks;
}

/** A module for names that a section uses but does not declare. */
export interface Origin {
  /** The module, as an import names it. */
  readonly from: string;
  readonly values: readonly string[];
  readonly types: readonly string[];
}

/** Makes a module from the blocks of one section, with imports for names that they do not declare. */
export function moduleOf(blocks: readonly Block[], origins: readonly Origin[]): string {
  const text = blocks.map((block) => `// ${block.page}:${block.line}\n${block.text}`).join("\n");
  const words = new Set(text.match(/[A-Za-z_]\w*/g));
  const declared = new Set(
    [...text.matchAll(/^\s*(?:const|let|class|type|interface|(?:async )?function\*?) (\w+)/gm)].map(
      (m) => m[1],
    ),
  );
  for (const [, names = ""] of text.matchAll(/^\s*const \{([^}]*)\}/gm)) {
    for (const name of names.match(/\w+/g) ?? []) declared.add(name);
  }
  const imports = origins.map(({ from, values, types }) => {
    const used = (names: readonly string[]) => names.filter((name) => words.has(name) && !declared.has(name));
    const names = [...used(values), ...used(types).map((name) => `type ${name}`)];
    return names.length === 0 ? "" : `import { ${names.join(", ")} } from "${from}";\n`;
  });
  return `${imports.join("")}${text}\nexport {};\n`;
}
