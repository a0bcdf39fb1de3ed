/** The Python client calls our server: each case of `python/cases.py`, in each way in which the reference calls. */
import { AsterServer } from "aster-rpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { labServices } from "./lab/service.ts";
import { describeInterop, type PythonMode, pythonCases, runPythonClient } from "./support/python.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

for (const mode of ["xlang", "json", "json-as-shipped", "proxy"] satisfies PythonMode[]) {
  describeInterop(`the Python client (${mode}) against our server`, () => {
    let server: AsterServer;
    let outcomes: Map<string, string | null>;

    beforeAll(async () => {
      server = await AsterServer.start({
        services: labServices(),
        access: "open",
        bind: "127.0.0.1:0",
        relay: "disabled",
        identity: "ephemeral",
        logger: silent,
      });
      outcomes = await runPythonClient(server.ticket, mode);
    }, 120_000);

    afterAll(() => server.close());

    const cases = pythonCases(mode);

    it("runs the cases that this list names", () => {
      expect([...outcomes.keys()]).toEqual(cases);
    });

    it.each(cases)("%s", (name) => {
      expect(outcomes.get(name)).toBeNull();
    });
  });
}
