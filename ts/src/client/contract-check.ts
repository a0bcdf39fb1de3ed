// The contract check of a client: does the server offer the same service?
//
// Owns: finding the announced service and comparing contract ids. Does not own: the computation of ids (Rust).
// For some Python modules the server announces an id that does not include the response types; such an id matches too.
// When both sides declared every message compatible, every id matches, because messages are then read by field name.

import { AsterError, Code } from "../errors.js";
import { type Logger, logSafely } from "../logging.js";
import type { ServiceSummary } from "../native/documents.js";

/** The contract of a service as this client knows it. */
export interface ContractIdentity {
  readonly name: string;
  readonly version: number;
  /** Null when the service has no contract id. Then the ids cannot be compared. */
  readonly contractId: string | null;
  readonly openContractIds: readonly string[];
  readonly problem: string | null;
  /** True when every request and response was declared compatible. */
  readonly compatible: boolean;
}

/** True when both sides can read other versions of the service. */
export function meetsCompatibly(ours: { readonly compatible: boolean }, theirs: ServiceSummary): boolean {
  return ours.compatible && Object.hasOwn(theirs.extensions, "compatible");
}

/** Describes the differences between the contract with this id and ours; null without a manifest of that contract. */
export type Differences = (contractId: string) => string | null;

/** The accepted contract ids that differ from ours. Each is logged once. */
const loggedIds = new Set<string>();

function logOnce(logger: Logger, text: string, service: string, contractId: string): void {
  if (loggedIds.has(contractId)) return;
  loggedIds.add(contractId);
  logSafely(() => logger.info(text, { service, contractId }));
}

/**
 * Finds the announced service that matches ours.
 * @throws {AsterError} NOT_FOUND when no service has the name; FAILED_PRECONDITION with reason `CONTRACT_MISMATCH` when
 * version or contract differ
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
    const message = `${ours.name} has no contract id (${why}); use { contract: "ignore" } to call it without a check`;
    throw new AsterError(Code.FAILED_PRECONDITION, message, {
      peer,
      reason: "NO_CONTRACT_ID",
      notSent: true,
    });
  }
  if (theirs.contractId === ours.contractId) return theirs;
  if (meetsCompatibly(ours, theirs)) {
    logOnce(logger, "the server has another version of a compatible contract", ours.name, theirs.contractId);
    return theirs;
  }
  if (!ours.openContractIds.includes(theirs.contractId)) {
    const problem = `the server's contract is ${theirs.contractId}, ours is ${ours.contractId}`;
    const diff = differences(theirs.contractId);
    const message =
      diff === null ? problem : `${problem}; the changes from the server's contract to ours:\n${diff}`;
    const details = { serverContractId: theirs.contractId, ...(diff === null ? {} : { diff }) };
    throw mismatch(ours, message, details, peer);
  }
  logOnce(
    logger,
    "the server's contract id does not include the response types",
    ours.name,
    theirs.contractId,
  );
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
