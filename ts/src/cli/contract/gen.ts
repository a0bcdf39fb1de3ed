// `aster contract gen`: writes the manifest of services.

import { execFileSync } from "node:child_process";
import path from "node:path";
import type { Manifest } from "../../service/manifest-types.js";
import { type Given, type Result, UsageError } from "../command.js";
import { manifestText, writeWhole } from "../contract-files.js";
import { describedManifest } from "../described-manifest.js";
import { serviceOfModule } from "../module-export.js";

/** Runs the command. */
export async function gen(given: Given): Promise<Result> {
  const named = given.texts("service");
  if (named.length === 0) throw new UsageError("--service MODULE:EXPORT is missing");
  const semver = given.text("semver");
  const extra = {
    ...(semver === undefined ? {} : { semver }),
    // Only on request, so that the same code always gives the same file, which a pipeline can check.
    ...(given.flag("vcs") ? versionControl() : {}),
  };
  const manifests: Manifest[] = [];
  for (const text of named) manifests.push({ ...describedManifest(await serviceOfModule(text)), ...extra });
  refuseTwice(manifests);
  const out = given.text("out") ?? path.join(".aster", "manifest.json");
  writeWhole(out, `${manifestText(manifests.length === 1 ? manifests[0] : manifests)}\n`);
  const lines = manifests.map(
    ({ service, version, contract_id: id, methods }) =>
      `  ${service} v${version}  contract_id=${id.slice(0, 16)}...  methods=${methods.length}`,
  );
  return {
    code: 0,
    text: [`Contract manifest written to: ${out}`, ...lines].join("\n"),
    json: {
      out,
      services: manifests.map(({ service, version, contract_id, methods }) => ({
        service,
        version,
        contractId: contract_id,
        methods: methods.length,
      })),
    },
  };
}

function refuseTwice(manifests: readonly Manifest[]): void {
  const keys = new Set<string>();
  for (const { service, version } of manifests) {
    const key = `${service} v${version}`;
    if (keys.has(key)) throw new UsageError(`${key} is named twice`);
    keys.add(key);
  }
}

/** The version control data of the code. A member that is not known is null. */
function versionControl(): object {
  const git = (...args: string[]): string | null => {
    try {
      return (
        execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() || null
      );
    } catch {
      return null;
    }
  };
  return {
    vcs_revision: git("rev-parse", "HEAD"),
    vcs_tag: git("describe", "--tags", "--exact-match"),
    vcs_url: git("remote", "get-url", "origin"),
  };
}
