/** Endpoints that are found by their id alone, without a server. */
import { beforeAll, describe, expect, it } from "vitest";
import { labProblem, runAlone } from "./lab/run.mjs";

const problem = labProblem();

describe.skipIf(problem !== null)("discovery by the endpoint id alone", () => {
  let seen: { readonly alone: unknown; readonly local: unknown };
  beforeAll(() => {
    seen = runAlone("discover.mjs");
  }, 90_000);

  it("finds another process of a machine that has only loopback", () => {
    expect(seen.alone).toMatchObject({
      answered: true,
      kind: "direct",
      remote: expect.stringMatching(/^(127\.0\.0\.1|\[::1\]):/),
    });
  });

  it("finds another machine of a local network by mDNS", () => {
    expect(seen.local).toMatchObject({
      answered: true,
      kind: "direct",
      remote: expect.stringMatching(/^192\.168\.7\.1:|^\[fe80/),
    });
  });
});
