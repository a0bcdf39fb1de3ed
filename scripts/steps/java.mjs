/**
 * Builds the Java peer of the interop tests: Maven fetches the libraries of pom.xml, then javac compiles. So an unreachable
 * registry (the tests are skipped by name) is distinguished from sources that do not compile (a failure).
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { Missing } from "../support/console.mjs";
import { fetching } from "../support/fetching.mjs";
import { ask, at, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";

const source = path.join("__test__", "interop", "java");
const packages = at(source, "src", "main", "java", "interop");
const built = at(".cache", "interop", "java");
const COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.7.1:copy-dependencies";
const RELEASE = 17;

export const javaStep = {
  name: "java",
  doing:
    "fetching Apache Fory for Java and compiling the Java peer of the interop tests (Maven, about 25 MB)",
  stamp: () => digest([path.join(source, "pom.xml"), path.join(source, "src")], { words: [version() ?? ""] }),
  outputs: () => [path.join(built, "lib"), path.join(built, "classes", "interop", "Peer.class")],
  run: async () => {
    rmSync(built, { recursive: true, force: true });
    const found = version();
    if (found === null || Number(found) < RELEASE || ask("mvn", ["-v"]) === null)
      throw new Missing(`the Java peer needs a JDK of at least ${RELEASE}, and Maven`);
    await fetching("The Java libraries cannot be fetched", "mvn", [
      "-q",
      "-B",
      "-Dstyle.color=never",
      "-f",
      at(source, "pom.xml"),
      COPY,
    ]);
    const classes = path.join(built, "classes");
    mkdirSync(classes, { recursive: true });
    const files = readdirSync(packages).map((file) => path.join(packages, file));
    const options = ["--release", String(RELEASE), "-encoding", "UTF-8"];
    await must("The Java peer does not compile", "javac", [
      ...options,
      ...["-d", classes, "-cp", [path.join(built, "lib"), "*"].join(path.sep)],
      ...files,
    ]);
  },
};

/** The major version of javac, or null if there is none. */
function version() {
  return /javac (\d+)/.exec(ask("javac", ["-version"], { env: process.env }) ?? "")?.[1] ?? null;
}
