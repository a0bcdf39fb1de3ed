/**
 * The suites of `__test__`, one project a folder, so that each can be run alone: `npx vitest run --project unit`.
 * Tests import the package by its name and get `dist`, what ships; only `unit` may reach into `ts/src`.
 * The compile-time tests of `__test__/types` belong to `tsc -p tsconfig.types.json`.
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const suites = [
  "unit",
  "integration",
  "hostile",
  "boundary",
  "faults",
  "network",
  "conformance",
  "fuzz",
  "differential",
  "interop",
  "package",
] as const;

const dist = (file: string): string => fileURLToPath(new URL(`./dist/${file}`, import.meta.url));

/** The entries of the package. */
const alias = [
  { find: /^aster-rpc$/, replacement: dist("index.js") },
  { find: /^aster-rpc\/testing$/, replacement: dist("testing/index.js") },
  { find: /^aster-rpc\/trust$/, replacement: dist("trust/index.js") },
];

export default defineConfig({
  test: {
    // An addon must survive being loaded by many processes: each test file gets one of its own.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: suites.map((name) => ({
      extends: true as const,
      resolve: { alias },
      // Lowers standard decorators and `await using`, which Node 20 cannot parse.
      esbuild: { target: "es2022" as const },
      test: {
        name,
        include: [`__test__/${name}/**/*.test.ts`],
        server: { deps: { external: [/\/dist\//] } },
      },
    })),
  },
});
