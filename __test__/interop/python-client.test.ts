/** The Python client calls the TypeScript server: each case of each suite, in each way in which the reference calls. */
import { AsterError, AsterServer, type Implementation, type ServerInterceptor } from "aster-rpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { labServices } from "./lab/service.ts";
import { nativeRefEchoServices, refEchoServices } from "./ref-echo/service.ts";
import { refSession } from "./ref-session/service.ts";
import { startNodeServer } from "./support/calls.ts";
import {
  describeInterop,
  type PythonMode,
  type PythonSuite,
  pythonCases,
  runPythonClient,
} from "./support/python.ts";

const modes: readonly PythonMode[] = ["xlang", "json", "json-as-shipped", "proxy"];

function calls(suite: PythonSuite, mode: PythonMode, services: () => readonly Implementation[]): void {
  let server: AsterServer;
  let outcomes: Map<string, string | null>;

  beforeAll(async () => {
    server = await startNodeServer(services());
    outcomes = await runPythonClient(server.ticket, suite, mode);
  }, 120_000);

  afterAll(() => server?.close());

  const cases = pythonCases(suite, mode);

  it("runs the cases of the list", () => {
    expect([...outcomes.keys()]).toEqual(cases);
  });

  it.each(cases)("%s", (name) => {
    expect(outcomes.get(name)).toBeNull();
  });
}

for (const mode of modes) {
  describeInterop(`the Python client (${mode}) against our Lab`, () => calls("lab", mode, labServices));
  describeInterop(`the Python client (${mode}) against our RefEcho`, () =>
    calls("ref_echo", mode, () => refEchoServices),
  );
  // Python ignores the extension that announces NATIVE mode, and never calls in it.
  describeInterop(`the Python client (${mode}) against our RefEcho with NATIVE mode`, () =>
    calls("ref_echo", mode, () => nativeRefEchoServices),
  );
}

for (const mode of ["xlang", "json", "proxy"] as const) {
  describeInterop(`the Python client (${mode}) in sessions of our RefSession`, () =>
    calls("ref_session", mode, () => [refSession]),
  );
}

describeInterop("a Python client that our server calls back", () => {
  it("is refused in the server, by its reason, and its own calls work", async () => {
    const reasons: (string | null)[] = [];
    const callBack: ServerInterceptor = (next) => (call) => {
      try {
        call.context.peer.proxy("Anything");
      } catch (error) {
        reasons.push(AsterError.from(error).reason);
      }
      return next(call);
    };
    const server = await AsterServer.start({
      services: refEchoServices,
      access: "open",
      bind: "127.0.0.1:0",
      relay: "disabled",
      identity: "ephemeral",
      interceptors: [callBack],
    });
    try {
      const outcomes = await runPythonClient(server.ticket, "ref_echo", "xlang");
      expect([...outcomes.values()].filter((problem) => problem !== null)).toEqual([]);
    } finally {
      await server.close();
    }
    expect(new Set(reasons)).toEqual(new Set(["NOTHING_ANNOUNCED"]));
  }, 120_000);
});
