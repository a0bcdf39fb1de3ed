// `aster contract export`: writes one file for each service of a manifest, for use by others.

import path from "node:path";
import type { Manifest } from "../../service/manifest-types.js";
import { isFileName } from "../../service/manifests.js";
import { CommandError, type Given, type Result } from "../command.js";
import { manifestText, readContracts, writeWhole } from "../contract-files.js";

/** An exported contract: the members of a manifest that describe the service. */
export function exported(manifest: Manifest): object {
  return {
    aster_contract: "1",
    service: manifest.service,
    version: manifest.version,
    contract_id: `blake3:${manifest.contract_id}`,
    canonical_encoding: manifest.canonical_encoding ?? "fory-xlang/0.15",
    scoped: manifest.scoped,
    serialization_modes: manifest.serialization_modes,
    methods: manifest.methods,
    type_hashes: manifest.type_hashes ?? [],
    type_count: manifest.type_count ?? manifest.type_hashes?.length ?? 0,
    method_count: manifest.method_count ?? manifest.methods.length,
    semver: manifest.semver ?? null,
    deprecated: manifest.deprecated ?? false,
  };
}

/** Runs the command. */
export async function exportContract(given: Given): Promise<Result> {
  const contracts = readContracts(given.text("manifest") ?? path.join(".aster", "manifest.json"));
  const written = contracts.map((contract) => {
    const { service, version } = contract;
    if (!isFileName(service)) throw new CommandError(`${JSON.stringify(service)} cannot be a file name`);
    // Other tools expect the plain name. Only a second version of a service gets a longer one.
    const newest = Math.max(...contracts.filter((other) => other.service === service).map((c) => c.version));
    const name = version === newest ? service : `${service}_v${version}`;
    return { contract, file: path.join(given.text("out") ?? ".", `${name}.aster.json`) };
  });
  for (const { contract, file } of written) writeWhole(file, `${manifestText(exported(contract))}\n`);
  const lines = written.map(
    ({ contract: { service, version, contract_id: id }, file }) =>
      `Exported: ${file}\n  ${service} v${version}  contract_id=blake3:${id.slice(0, 16)}...`,
  );
  const json = written.map(({ contract, file }) => ({
    file,
    service: contract.service,
    version: contract.version,
    contractId: contract.contract_id,
  }));
  return { code: 0, text: lines.join("\n"), json: { exported: json } };
}
