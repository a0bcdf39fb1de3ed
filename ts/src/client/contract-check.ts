// Gate 3 on the client: does the server mean the same service as we do?
//
// Owns: finding the announced service and comparing contract ids. Does not own: how ids are computed (Rust).
// Python modules may announce other ids for the same types, which leave responses open; those match, too.
// Where both sides declared every message compatible, any id does: messages are read field by field.

import { AsterError, Code } from "../errors.js";
import { type Logger, logSafely } from "../logging.js";
import type { ServiceSummary } from "../native/documents.js";

/** What is known here of the service's contract. */
export interface ContractIdentity {
  readonly name: string;
  readonly version: number;
  /** null when it has none; then nothing can be compared. */
  readonly contractId: string | null;
  readonly openContractIds: readonly string[];
  readonly problem: string | null;
  /** Every request and response was declared compatible. */
  readonly compatible: boolean;
}

/** True when each side understands other versions of the service than its own. */
export function meetsCompatibly(ours: { readonly compatible: boolean }, theirs: ServiceSummary): boolean {
  return ours.compatible && Object.hasOwn(theirs.extensions, "compatible");
}

/** Tells what differs between the contract of this id and ours, where a manifest of it is at hand. */
export type Differences = (contractId: string) => string | null;

/** Contract ids that are not ours but were accepted; each is logged once. */
const told = new Set<string>();

function tellOnce(logger: Logger, text: string, service: string, contractId: string): void {
  if (told.has(contractId)) return;
  told.add(contractId);
  logSafely(() => logger.info(text, { service, contractId }));
}

/**
 * The announced service that matches ours.
 * @throws {AsterError} NOT_FOUND when none has the name; FAILED_PRECONDITION with reason `CONTRACT_MISMATCH` when
 * version or contract differ.
 */
export function matchContract(
  ours: ContractIdentity,
  announced: readonly ServiceSummary[],
  peer: string,
  logger: Logger,
  differences: Differences,
): ServiceSummary {
  const named = announced.filter((service) => service.name === ours.name);
  if (named.length === 0) throw notOffered(ours.name, announced, peer);
  const theirs = named.find((service) => service.version === ours.version);
  if (theirs === undefined) {
    const versions = named.map((service) => service.version).join(", ");
    throw mismatch(ours, `the server offers version ${versions}`, { serverVersions: versions }, peer);
  }
  if (ours.contractId === null) {
    const why = ours.problem ?? "it cannot be computed";
    const message = `${ours.name} has no contract id (${why}); { contract: "ignore" } calls it without one`;
    throw new AsterError(Code.FAILED_PRECONDITION, message, {
      peer,
      reason: "NO_CONTRACT_ID",
      notSent: true,
    });
  }
  if (theirs.contractId === ours.contractId) return theirs;
  if (meetsCompatibly(ours, theirs)) {
    tellOnce(logger, "the server has another version of a compatible contract", ours.name, theirs.contractId);
    return theirs;
  }
  if (!ours.openContractIds.includes(theirs.contractId)) {
    const problem = `the server's contract is ${theirs.contractId}, ours is ${ours.contractId}`;
    const diff = differences(theirs.contractId);
    const told = diff === null ? problem : `${problem}; from the server's to ours:\n${diff}`;
    const details = { serverContractId: theirs.contractId, ...(diff === null ? {} : { diff }) };
    throw mismatch(ours, told, details, peer);
  }
  tellOnce(logger, "the server's contract id leaves response types open", ours.name, theirs.contractId);
  return theirs;
}

/** The error for a service that the server does not offer. */
export function notOffered(name: string, announced: readonly ServiceSummary[], peer: string): AsterError {
  const offered = announced.map((service) => `${service.name} v${service.version}`).join(", ");
  const message = `the server does not offer ${name}; it offers ${offered === "" ? "nothing" : offered}`;
  return new AsterError(Code.NOT_FOUND, message, { peer, reason: "SERVICE_NOT_OFFERED", notSent: true });
}

function mismatch(
  ours: ContractIdentity,
  problem: string,
  details: Readonly<Record<string, string>>,
  peer: string,
): AsterError {
  const known = { service: ours.name, version: String(ours.version), contractId: ours.contractId ?? "" };
  return new AsterError(Code.FAILED_PRECONDITION, `${ours.name} v${ours.version}: ${problem}`, {
    peer,
    reason: "CONTRACT_MISMATCH",
    notSent: true,
    details: { ...known, ...details },
  });
}
