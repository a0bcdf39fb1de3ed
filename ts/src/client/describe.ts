// The contracts of a server's services, which the server is asked for.
//
// Owns: asking for each announced service, the manifest of an answer, and a service that can be called. Does not own: the exchange
// and the check against the announced contract (Rust), what a member of the registry published (node/published-contracts.ts).

import { createHash } from "node:crypto";
import { AsterError, Code } from "../errors.js";
import { contractManifest } from "../native/contracts.js";
import type { ServiceSummary } from "../native/documents.js";
import { type CompleteContract, completeContract, incomplete } from "../service/complete-contract.js";
import { type DynamicService, dynamicService } from "../service/dynamic-service.js";
import type { Manifest } from "../service/manifest-types.js";
import type { Connection } from "./connection.js";

/** Contracts that a process calls without a schema. Each keeps its compiled plan until the process ends. */
const MOST_CONTRACTS = 1000;

/** Where the contracts of a server come from. */
export interface ContractSource {
  readonly connection: Connection;
  /** The manifest of an announced service as the server published it in its registry; null when it did not. */
  published(service: ServiceSummary): Promise<Manifest | null>;
}

/** A service of a server, made from its contract. */
export interface ReadService {
  readonly made: DynamicService;
  /** The wire names of the methods of which the contract does not tell every type exactly. */
  readonly inexact: ReadonlySet<string>;
}

/** The manifests of all services that the server describes, with the exact schema of each method. */
export async function describeServices(source: ContractSource): Promise<unknown[]> {
  const manifests: unknown[] = [];
  // One after another: each question has a connection of its own.
  for (const service of source.connection.services) {
    const contract = await described(source.connection, service);
    const manifest = contract === null ? await source.published(service) : manifestOf(contract);
    if (manifest !== null) manifests.push(manifest);
  }
  return manifests;
}

/**
 * A service of the server, made from its contract.
 * @throws {AsterError} FAILED_PRECONDITION with reason `INCOMPLETE_CONTRACT` when the server does not tell its contract;
 * RESOURCE_EXHAUSTED with reason `TOO_MANY_CONTRACTS`
 */
export async function readDynamic(
  source: ContractSource,
  name: string,
  version: number,
): Promise<ReadService> {
  const { services, endpointId } = source.connection;
  const service = services.find((known) => known.name === name && known.version === version);
  const unknown = (): AsterError =>
    incomplete(`${endpointId} does not tell the contract of ${name} v${version}`);
  if (service === undefined) throw unknown();
  const contract = await described(source.connection, service);
  if (contract !== null) return { made: madeOf(contract), inexact: new Set() };
  const manifest = await source.published(service);
  if (manifest === null) throw unknown();
  const inexact = manifest.methods
    .filter((method) => method.exact_types !== true)
    .map((method) => method.name);
  return { made: madeOf(completeContract(manifest)), inexact: new Set(inexact) };
}

/** The contract of a service with every type; null when the server does not give it. */
async function described(
  connection: Connection,
  { name, version }: ServiceSummary,
): Promise<CompleteContract | null> {
  const text = await connection.description(name, version);
  return text === null ? null : (JSON.parse(text) as CompleteContract);
}

const known = new Map<string, DynamicService>();

/** The service of a contract. Equal contracts have the same one. */
function madeOf(contract: CompleteContract): DynamicService {
  const key = createHash("sha256").update(JSON.stringify(contract)).digest("base64");
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MOST_CONTRACTS) {
    const text = `a process calls at most ${MOST_CONTRACTS} different contracts without a schema`;
    const facts = { isLocal: true, notSent: true, reason: "TOO_MANY_CONTRACTS" };
    throw new AsterError(Code.RESOURCE_EXHAUSTED, text, facts);
  }
  const made = dynamicService(contract);
  known.set(key, made);
  return made;
}

function manifestOf(contract: CompleteContract): unknown {
  const manifest = contractManifest(contract) as { readonly methods: readonly { readonly name: string }[] };
  const { schema, defaults } = contract;
  const methods = manifest.methods.map((method) => {
    const found = contract.methods.find(({ name }) => name === method.name);
    if (found === undefined) return method;
    return { ...method, schema: { ...schema, roots: [found.request, found.response] }, defaults };
  });
  return { ...manifest, methods };
}
