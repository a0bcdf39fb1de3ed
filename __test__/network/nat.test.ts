/**
 * Two peers behind NATs of four kinds, with and without UDP, and a relay of one's own: they always connect, and on a direct path
 * where their NATs allow one. Each cell is a real network of namespaces (`lab/topology.mjs`).
 */
import { beforeAll, describe, expect, it } from "vitest";
import { FAMILIES, isDirect, labProblem, NATS, runLab, UDP } from "./lab/run.mjs";

type LabCell = import("./lab/run.mjs").LabCell;
type LabResult = import("./lab/run.mjs").LabResult;

const full = process.env.ASTER_TEST_FULL === "1";

/** All pairs of NATs, and with `npm run test:full` also each with UDP blocked, and all of it over IPv6. */
function chosen(): LabCell[] {
  const pairs = NATS.flatMap((one) => NATS.map((other) => [one, other] as const));
  const open = pairs.map((nats): LabCell => ({ family: "v4", nats, udp: "open" }));
  const some: LabCell[] = [
    { family: "v4", nats: ["none", "none"], udp: "blocked on one" },
    { family: "v4", nats: ["symmetric", "port-restricted"], udp: "blocked on both" },
    { family: "v6", nats: ["none", "none"], udp: "open" },
    { family: "v6", nats: ["port-restricted", "port-restricted"], udp: "open" },
    { family: "v6", nats: ["symmetric", "symmetric"], udp: "open" },
    { family: "v6", nats: ["none", "port-restricted"], udp: "blocked on one" },
  ];
  if (!full) return [...open, ...some];
  return FAMILIES.flatMap((family) =>
    UDP.flatMap((udp) => pairs.map((nats): LabCell => ({ family, nats, udp }))),
  );
}

const cells = chosen();
const title = ({ family, nats, udp }: LabCell): string => `${nats[0]} to ${nats[1]}, UDP ${udp}, IP${family}`;
const problem = labProblem();
if (problem !== null) process.stderr.write(`The tests of the network lab are skipped: ${problem}\n`);

describe.skipIf(problem !== null)("a call between two peers", () => {
  const results = new Map<string, LabResult>();
  beforeAll(async () => {
    for (const result of await runLab(cells)) results.set(title(result), result);
  }, cells.length * 30_000);

  it.each(cells.map((cell) => [title(cell), cell] as const))("%s", (name, cell) => {
    const result = results.get(name);
    expect(result?.error).toBeUndefined();
    const direct = isDirect(cell);
    expect(result).toMatchObject({ answered: true, kind: direct ? "direct" : "relay" });
    if (!direct) expect(result?.bytesDirect).toBe(0);
  });
});
