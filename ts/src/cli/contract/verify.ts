// `aster contract verify`: compares an exported contract with a manifest or with code.

import path from "node:path";
import { contractDiff } from "../../native/contracts.js";
import { completeContract, contractIdOf } from "../../service/complete-contract.js";
import type { Manifest } from "../../service/manifest-types.js";
import type { Given, Result } from "../command.js";
import { pick, readContracts } from "../contract-files.js";
import { describedManifest } from "../described-manifest.js";
import { serviceOfModule } from "../module-export.js";

/** Runs the command. */
export async function verify(given: Given): Promise<Result> {
  const [file = ""] = given.positionals;
  const manifestFile = given.text("manifest") ?? path.join(".aster", "manifest.json");
  const named = given.texts("service");
  const ours =
    named.length === 0
      ? readContracts(manifestFile)
      : await Promise.all(named.map(async (text) => describedManifest(await serviceOfModule(text))));
  const results = readContracts(file).map((contract) =>
    verified(contract, pick(ours, contract, named.length === 0 ? manifestFile : named.join(", "))),
  );
  return {
    code: results.every(({ matches }) => matches) ? 0 : 1,
    text: results.map(({ text }) => text).join("\n"),
    json: { contracts: results.map(({ text: _, ...rest }) => rest) },
  };
}

function verified(contract: Manifest, ours: Manifest): Verified {
  const { service, version, contract_id: id } = contract;
  const facts = { service, version, contractId: id, expected: ours.contract_id };
  const forged = [contract, ours].find((side) => described(side) !== side.contract_id);
  if (forged !== undefined) {
    const text = `MISMATCH: ${service}: the types of a file do not give its contract_id ${forged.contract_id}.`;
    return { ...facts, matches: false, diff: null, text };
  }
  if (version === ours.version && id === ours.contract_id) {
    const text = `OK: ${service} contract matches.\n  contract_id=blake3:${id.slice(0, 16)}...`;
    return { ...facts, matches: true, diff: null, text };
  }
  const diff = contractDiff(contract, ours);
  const text = `MISMATCH: ${service} v${version} is not the expected contract.\n${diff.text}`;
  return { ...facts, matches: false, diff, text };
}

interface Verified {
  readonly service: string;
  readonly version: number;
  readonly contractId: string;
  readonly expected: string;
  readonly matches: boolean;
  readonly diff: unknown;
  readonly text: string;
}

/** The id that the types of a contract give. When the contract does not contain all types, the id that it states. */
function described(contract: Manifest): string {
  const complete = contract.methods.every(({ schema }) => schema !== undefined);
  return complete ? (contractIdOf(completeContract(contract)) ?? contract.contract_id) : contract.contract_id;
}
