// The contract check of a client: does the server offer the same service?
//
// Owns: finding the announced service, and the errors and logs about it. Does not own: the comparison (Rust, which applies it
// again for every connection that replaces another one).

import { AsterError, Code } from "../errors.js";
import { type Logger, logSafely } from "../logging.js";
import type { ServiceSummary } from "../native/documents.js";
import { controlCall } from "../native/index.js";

/** The contract of a service as this client knows it. */
export interface ContractIdentity {
  readonly name: string;
  readonly version: number;
  /** Null when the service has no contract id. Then the ids cannot be compared. */
  readonly contractId: string | null;
  readonly problem: string | null;
  /** The number of the agreement in Rust. */
  readonly agreement: () => number;
}

/** Where and with what a service is checked. */
export interface CheckContext {
  readonly peer: string;
  readonly logger: Logger;
  /** Describes the differences between the contract with this id and ours; null when they are not known. */
  readonly differences: (contractId: string) => string | null;
  /** The fields that a contract id does not describe exactly. */
  readonly uncheckedFields: () => readonly string[];
}

/** True when both sides can read other versions of the service. */
export function meetsCompatibly(ours: { readonly compatible: boolean }, theirs: ServiceSummary): boolean {
  return ours.compatible && Object.hasOwn(theirs.extensions, "compatible");
}

/** The facts about services that were logged. Each is logged once. */
const logged = new Set<string>();

function logOnce(key: string, log: () => void): void {
  if (logged.has(key)) return;
  logged.add(key);
  logSafely(log);
}

/**
 * Finds the announced service that matches ours.
 * @throws {AsterError} NOT_FOUND when no service has the name; FAILED_PRECONDITION with reason `CONTRACT_MISMATCH` when
 * version, contract or exact schemas differ
 */
export function matchContract(
  ours: ContractIdentity,
  announced: readonly ServiceSummary[],
  context: CheckContext,
): ServiceSummary {
  const theirs = findVersion(ours, announced, context.peer);
  requireId(ours, context.peer);
  const { name } = ours;
  const { contractId, extensions } = theirs;
  const note = (text: string): void =>
    logOnce(contractId, () => context.logger.info(text, { service: name, contractId }));
  switch (controlCall((native) => native.agreementJudge(ours.agreement(), contractId, extensions))) {
    case "same":
      warnUnchecked(ours, theirs, context);
      return theirs;
    case "open":
      note("the server's contract id does not include the response types");
      warnUnchecked(ours, theirs, context);
      return theirs;
    case "compatible":
      note("the server has another version of a compatible contract");
      return theirs;
    case "otherContract":
      throw explained(
        ours,
        theirs,
        context,
        `the server's contract is ${quoted(contractId)}, ours is ${ours.contractId}`,
      );
    case "otherSchemas": {
      const problem = "the schemas of the server differ, although the contract ids are equal";
      throw explained(ours, theirs, context, problem);
    }
  }
}

function findVersion(
  ours: ContractIdentity,
  announced: readonly ServiceSummary[],
  peer: string,
): ServiceSummary {
  const named = announced.filter((service) => service.name === ours.name);
  if (named.length === 0) throw notOffered(ours.name, announced, peer);
  const theirs = named.find((service) => service.version === ours.version);
  if (theirs !== undefined) return theirs;
  const versions = named.map((service) => service.version).join(", ");
  throw mismatch(ours, `the server offers version ${versions}`, { serverVersions: versions }, peer);
}

function requireId(ours: ContractIdentity, peer: string): void {
  if (ours.contractId !== null) return;
  const why = ours.problem ?? "it cannot be computed";
  const message = `${ours.name} has no contract id (${why}); use { contract: "ignore" } to call it without a check`;
  throw new AsterError(Code.FAILED_PRECONDITION, message, { peer, reason: "NO_CONTRACT_ID", notSent: true });
}

/** Servers of other languages announce only a contract id, which does not describe every type exactly. */
function warnUnchecked(ours: ContractIdentity, theirs: ServiceSummary, context: CheckContext): void {
  if (Object.hasOwn(theirs.extensions, "exact")) return;
  const fields = context.uncheckedFields();
  if (fields.length === 0) return;
  const service = ours.name;
  logOnce(`fields ${ours.contractId}`, () =>
    context.logger.warn(
      "the server announces only a contract id, so a difference in the exact types of these fields would not be noticed",
      { service, fields: fields.join(", ") },
    ),
  );
}

function explained(
  ours: ContractIdentity,
  theirs: ServiceSummary,
  context: CheckContext,
  problem: string,
): AsterError {
  const diff = context.differences(theirs.contractId);
  const changes = diff === null ? "" : `; the changes from the server's contract to ours:\n${diff}`;
  const details = { serverContractId: theirs.contractId, ...(diff === null ? {} : { diff }) };
  return mismatch(ours, problem + changes, details, context.peer);
}

/** A contract id, or the start of the other text that a server announced, with its control characters escaped. */
function quoted(contractId: string): string {
  return /^[0-9a-f]{64}$/.test(contractId) ? contractId : JSON.stringify(contractId.slice(0, 64));
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
