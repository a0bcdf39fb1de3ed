/** The contract check against announcements that a server of this library does not make. */
import { describe, expect, it } from "vitest";
import { matchContract } from "../../../ts/src/client/contract-check.js";
import { AsterError, message, type Service, service, t, unary } from "../../../ts/src/index.js";
import type { ServiceSummary } from "../../../ts/src/native/documents.js";
import { bindService } from "../../../ts/src/service/binding.js";
import { announcedDifferences } from "../../../ts/src/service/manifests.js";
import { uncheckedFields } from "../../../ts/src/service/unchecked-fields.js";
import { collectingLogger } from "./harness.js";

const Query = message("check/Query", { id: t.int });
let count = 0;

/** A service of its own, because each fact is logged once for a contract. */
function serviceWith(fields: Parameters<typeof message>[1]): Service<unknown> {
  const Answer = message("check/Answer", fields);
  count += 1;
  return service(`Check${count}`, {}, { get: unary(Query, Answer) }) as Service<unknown>;
}

function check(ours: Service<unknown>, announced: Partial<ServiceSummary>) {
  const bound = bindService(ours as Service);
  const { name, version } = ours;
  const logger = collectingLogger();
  const summary: ServiceSummary = {
    name,
    version,
    contractId: ours.contractId,
    pattern: "shared",
    modes: [],
    extensions: {},
    ...announced,
  };
  const { contractId, problem } = bound.contract;
  const identity = { name, version, contractId, problem, agreement: bound.agreement };
  const context = {
    peer: "server",
    logger,
    differences: (id: string) => announcedDifferences(bound, id, undefined)?.text ?? null,
    uncheckedFields: () => uncheckedFields(bound.document),
  };
  return { run: () => matchContract(identity, [summary], context), lines: logger.lines };
}

describe("an announced id that is no id", () => {
  it.each(["", "x", "../../etc/passwd", "AB".repeat(32), "\u001b[2J", "0".repeat(63)])(
    "is a mismatch: %j",
    (contractId) => {
      const { run } = check(serviceWith({ n: t.int }), { contractId });
      expect(run).toThrow(AsterError);
      expect(run).toThrow(expect.objectContaining({ reason: "CONTRACT_MISMATCH" }));
      // Control characters of the peer do not reach a terminal.
      expect(run).not.toThrow("\u001b");
    },
  );
});

describe("a server that announces only a contract id", () => {
  const Color = t.enum("check/Color", ["RED", "GREEN"]);

  it("gets one warning with the fields in which a difference would be silent", () => {
    const ours = serviceWith({
      plain: t.int,
      one: t.int32,
      names: t.list(t.string),
      sizes: t.list(t.int32),
      byId: t.map(t.int, t.optional(t.float32)),
      color: Color,
      raw: t.int8Array,
    });
    const { run, lines } = check(ours, {});
    run();
    run();
    expect(lines.map(({ level, fields }) => [level, fields.fields])).toEqual([
      ["warn", "check/Answer.sizes, check/Answer.by_id, check/Answer.color"],
    ]);
  });

  it("gets no warning when every difference has an error", () => {
    const { run, lines } = check(serviceWith({ one: t.int32, names: t.list(t.string), raw: t.bytes }), {});
    run();
    expect(lines).toEqual([]);
  });

  it("is not compared when its fingerprint has another form", () => {
    const { run, lines } = check(serviceWith({ sizes: t.list(t.int8) }), { extensions: { exact: "2:00" } });
    run();
    expect(lines).toEqual([]);
  });
});
