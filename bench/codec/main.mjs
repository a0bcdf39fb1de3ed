// `npm run bench:codec`: measures every message with every codec, encoding and decoding separately, each measurement in
// its own process, interleaved. Then it writes a table and a JSON file. A slow result is not a failure; the exit code is 1
// only if a measurement has no figure.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { main } from "../../scripts/support/console.mjs";
import { childEnvironment, describeEnvironment, reasonOf } from "../environment.mjs";
import { publish } from "../results.mjs";
import { setUp } from "../setup.mjs";
import { format } from "../statistics.mjs";
import { codecs } from "./codecs/index.mjs";
import { readOptions } from "./options.mjs";
import { renderCodec } from "./render.mjs";
import { buildWalkAddon } from "./walk-addon.mjs";

const program = join(import.meta.dirname, "measure.mjs");

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options !== null) return run(options);
});

function run({ codecs: names, messages, rounds, quick, json, out, plan }) {
  setUp({ library: names.some((name) => codecs[name].packages.includes("aster-rpc")) });
  const addon = names.includes("napi-walk") ? buildWalkAddon() : null;
  const env = { ...childEnvironment(), BENCH_NAPI_WALK: addon ?? "" };
  const cells = messages.flatMap((message) =>
    names
      .filter((codec) => !codecs[codec].without?.includes(message))
      .flatMap((codec) =>
        ["encode", "decode"].map((direction) => ({ message, codec, direction, samples: [] })),
      ),
  );
  for (let round = 1; round <= rounds; round += 1) {
    for (const cell of cells) {
      const sample = measureOnce(cell, plan, env);
      cell.samples.push(sample);
      const outcome =
        sample.error === undefined ? `${format(sample.us)} us, ${sample.bytes} bytes` : sample.error;
      console.error(
        `round ${round}  ${cell.message.padEnd(12)} ${cell.codec.padEnd(12)} ${cell.direction}  ${outcome}`,
      );
    }
  }
  const packages = [...new Set(names.flatMap((name) => codecs[name].packages))];
  const results = { kind: "codec", quick, rounds, plan, environment: describeEnvironment(packages), cells };
  publish(results, { out, json, render: renderCodec });
  return cells.some(({ samples }) => samples.some(({ error }) => error !== undefined)) ? 1 : 0;
}

/** One process for one figure. If the codec fails, the result is `{ error }`, and the run continues. */
function measureOnce({ codec, message, direction }, plan, env) {
  const args = [program, codec, message, direction, JSON.stringify(plan)];
  try {
    const text = execFileSync(process.execPath, args, {
      env,
      encoding: "utf8",
      stdio: "pipe",
      timeout: 120_000,
    });
    return JSON.parse(text);
  } catch (error) {
    return { error: reasonOf(error.stderr || error.message) };
  }
}
