// `npm run bench:start`: what a program waits for before its first call: importing the library, a first server, and a contract
// of 300 messages and 500 methods. Each sample is its own process. It prints a table of Markdown with medians, and never fails
// because of a figure.
import { execFileSync } from "node:child_process";
import { main } from "../../scripts/support/console.mjs";
import { setUp } from "../setup.mjs";
import { format, quantile } from "../statistics.mjs";

const [role] = process.argv.slice(2);
const SAMPLES = 15;
const MESSAGES = 300;
const METHODS = 500;

await main(async () => {
  if (role === undefined) return report();
  console.log(JSON.stringify(await steps()));
  process.exit(0);
});

function report() {
  setUp({ library: true });
  const samples = Array.from({ length: SAMPLES }, () =>
    JSON.parse(execFileSync(process.execPath, [import.meta.filename, "sample"], { encoding: "utf8" })),
  );
  console.log("| step | time, ms | CPU, ms |\n|---|---|---|");
  for (const [at, { name }] of samples[0].entries()) {
    const median = (figure) =>
      format(
        quantile(
          samples.map((steps) => steps[at][figure]).sort((a, b) => a - b),
          0.5,
        ),
      );
    console.log(`| ${name} | ${median("ms")} | ${median("cpu")} |`);
  }
}

async function steps() {
  const results = [];
  const step = async (name, run) => {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const result = await run();
    const { user, system } = process.cpuUsage(cpu);
    results.push({ name, ms: performance.now() - start, cpu: (user + system) / 1000 });
    return result;
  };
  const aster = await step("import of the library", () => import("../../dist/index.js"));
  const small = smallService(aster);
  const server = await step("first server, ready for calls", () => started(aster, small));
  await server.close();
  const large = await step(`definition of ${MESSAGES} messages and ${METHODS} methods`, () =>
    largeService(aster),
  );
  await step("its contract id", () => large.contractId);
  const second = await step("a server of it", () => started(aster, large));
  const client = await step("a client", () =>
    aster.AsterClient.connect(second.ticket, { relay: "disabled" }),
  );
  await step("its stub", () => client.stub(large));
  return results;
}

function started({ AsterServer, implement }, service) {
  const handlers = Object.fromEntries(Object.keys(service.methods).map((name) => [name, (value) => value]));
  const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral", access: "open" };
  return AsterServer.start({ ...local, services: [implement(service, handlers)] });
}

function smallService({ message, service, t, unary }) {
  const Value = message("start/Value", { value: t.int });
  return service("Small", {}, { echo: unary(Value, Value) });
}

function largeService({ message, service, t, unary }) {
  const kinds = [t.string, t.int, t.list(t.string), t.optional(t.float), t.bool, t.map(t.string, t.int)];
  const messages = [];
  for (let at = 0; at < MESSAGES; at += 1) {
    const fields = Object.fromEntries(kinds.map((kind, index) => [`field${index}`, kind]));
    if (at > 0) fields.parent = t.optional(messages[(at - 1) >> 1]);
    messages.push(message(`start/Message${at}`, fields));
  }
  const methods = Array.from({ length: METHODS }, (_, at) => [
    `method${at}`,
    unary(messages[at % MESSAGES], messages[(at * 7) % MESSAGES]),
  ]);
  return service("Large", {}, Object.fromEntries(methods));
}
