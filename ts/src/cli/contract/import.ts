// `aster contract import`: stores contracts of others where stubs find them to explain a mismatch.

import type { Manifest } from "../../service/manifest-types.js";
import { importedContractFile } from "../../service/manifests.js";
import { CommandError, type Given, type Result } from "../command.js";
import { manifestText, readContracts, writeWhole } from "../contract-files.js";
import { exported } from "./export.js";

/** Runs the command. */
export async function importContract(given: Given): Promise<Result> {
  const [file = ""] = given.positionals;
  const kept = readContracts(file).map((contract) => ({ contract, stored: fileOf(contract, file) }));
  for (const { contract, stored } of kept) writeWhole(stored, `${manifestText(exported(contract))}\n`);
  const lines = kept.map(({ contract: { service, version, contract_id: id }, stored }) =>
    [
      `Imported: ${service} v${version}`,
      `  contract_id=blake3:${id.slice(0, 16)}...`,
      `  Stored: ${stored}`,
    ].join("\n"),
  );
  const json = kept.map(({ contract, stored }) => ({
    service: contract.service,
    version: contract.version,
    contractId: contract.contract_id,
    stored,
  }));
  return { code: 0, text: lines.join("\n"), json: { imported: json } };
}

function fileOf({ service, contract_id: id }: Manifest, file: string): string {
  try {
    return importedContractFile(service, id);
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}`);
  }
}
