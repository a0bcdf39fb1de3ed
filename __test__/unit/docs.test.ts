/** Pages, headings and links that comments and pages cite must exist. */
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { at, filesBelow, read } from "./support/tree.ts";

/** The anchor of a heading on common code hosts. */
function anchor(heading: string): string {
  return heading
    .replace(/`|\*|\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

const anchors = new Map<string, ReadonlySet<string>>();

function anchorsOf(page: string): ReadonlySet<string> {
  let known = anchors.get(page);
  if (!known) {
    const text = read(page).replace(/^```[\s\S]*?^```/gm, "");
    const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchor(heading));
    const explicit = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name = ""]) => name);
    known = new Set([...headings, ...explicit]);
    anchors.set(page, known);
  }
  return known;
}

/** The reason why a citation is broken, or null. */
function broken(page: string, fragment: string | undefined): string | null {
  if (!existsSync(at(page))) return "no such file";
  if (fragment === undefined || !page.endsWith(".md")) return null;
  return anchorsOf(page).has(fragment) ? null : "no such heading";
}

describe("citations", () => {
  it("of pages in code name a page and a heading that exist", () => {
    const code = ["ts/src", "src", "crates", "scripts", "examples", "bench", "__test__"]
      .flatMap((folder) => filesBelow(folder, /\.(ts|mjs|rs|py|toml)$/))
      .filter((file) => file !== "__test__/unit/docs.test.ts");
    const problems = code.flatMap((file) =>
      [...read(file).matchAll(/\bdocs\/[\w/.-]+?\.md(?:#([\w-]+))?/g)].flatMap(([cited, fragment]) => {
        const problem = broken(cited.split("#")[0] ?? "", fragment);
        return problem === null ? [] : [`${file}: ${cited}: ${problem}`];
      }),
    );
    expect(problems).toEqual([]);
  });

  it("in pages lead to a file and a heading that exist", () => {
    const problems = filesBelow(".", /\.md$/).flatMap((page) =>
      [
        ...read(page)
          .replace(/^```[\s\S]*?^```/gm, "")
          .matchAll(/\]\(([^)\s]+)\)/g),
      ].flatMap(([, link = ""]) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [file = "", fragment] = link.split("#");
        const target = file === "" ? page : path.posix.join(path.posix.dirname(page), file);
        const problem = broken(target, fragment);
        return problem === null ? [] : [`${page}: ${link}: ${problem}`];
      }),
    );
    expect(problems).toEqual([]);
  });
});

describe("the repository", () => {
  it("contains no paths of the machine on which it was written", () => {
    const files = filesBelow(".", /\.(ts|mjs|rs|py|toml|json|md|yml|sh)$/);
    const telling = files.filter((file) => /\/(home|Users|root|work)\/\w+\/?/.test(read(file)));
    expect(telling.filter((file) => file !== "__test__/unit/docs.test.ts")).toEqual([]);
  });

  it("names no host of a package registry", () => {
    const files = filesBelow(".", /\.(ts|mjs|rs|py|toml|json|jsonc|md|yml|sh|go|sum|xml)$/);
    const hosts =
      /\b(registry\.npmjs|(index|static)\.crates\.io|pypi\.org|repo1?\.maven|(proxy|sum)\.golang)\b/;
    const naming = files.filter((file) => hosts.test(read(file)));
    expect(naming.filter((file) => file !== "__test__/unit/docs.test.ts")).toEqual([]);
  });

  it("has one version, in the package, its addon packages and the crates", () => {
    const versionOf = (file: string) => (JSON.parse(read(file)) as { version: string }).version;
    const addons = filesBelow("npm", /\/package\.json$/);
    const { napi } = JSON.parse(read("package.json")) as { napi: { targets: string[] } };
    expect(addons.length).toBe(napi.targets.length);
    const crates = /^version = "(.+)"$/m.exec(read("Cargo.toml"))?.[1];
    expect(new Set([versionOf("package.json"), crates, ...addons.map(versionOf)]).size).toBe(1);
  });
});
