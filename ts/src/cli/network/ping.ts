// `aster ping`: what the path to a server is like.
//
// Owns: the measurement and its words. Does not own: a single round trip (client.ping).

import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionPath } from "../../native/documents.js";
import { AsterClient } from "../../node/aster-client.js";
import type { Given, Result, Surroundings } from "../command.js";
import { connectOptionsOf, wholeNumber } from "./options.js";

/** What was measured. Times are milliseconds. */
interface Measured {
  readonly endpointId: string;
  readonly path: ConnectionPath;
  readonly sent: number;
  readonly answered: number;
  /** The share of pings without an answer in time, from 0 to 1. */
  readonly loss: number;
  readonly rttMs: { readonly min: number; readonly avg: number; readonly max: number } | null;
  /** From the start until the server had admitted this client. */
  readonly connectMs: number;
  /** From the start until packets took a direct path; null when they did not. */
  readonly directMs: number | null;
}

/** Connects, pings, and says what the path is like. */
export async function ping(given: Given, { signal }: Surroundings): Promise<Result> {
  const count = wholeNumber(given, "count", 5, 1);
  const intervalMs = wholeNumber(given, "interval-ms", 200);
  const timeoutMs = wholeNumber(given, "timeout-ms", 5000, 1);
  const options = connectOptionsOf(given);
  const begun = performance.now();
  const client = await AsterClient.connect(given.positionals[0] as string, options);
  const connectMs = performance.now() - begun;
  let directMs: number | null = null;
  const paths = client.paths();
  const watching = (async () => {
    for await (const { kind } of paths) {
      if (kind !== "direct") continue;
      directMs = performance.now() - begun;
      return;
    }
  })();
  try {
    const times: number[] = [];
    let sent = 0;
    for (; sent < count && !signal.aborted; sent += 1) {
      if (sent > 0 && intervalMs > 0) await delay(intervalMs);
      const time = await client.ping({ timeoutMs }).catch(() => null);
      if (time !== null) times.push(time);
    }
    const { endpointId, path } = client;
    await paths.return?.();
    await watching;
    const answered = times.length;
    const loss = (sent - answered) / sent;
    return result({ endpointId, path, sent, answered, loss, rttMs: summary(times), connectMs, directMs });
  } finally {
    await client.close();
  }
}

function summary(times: readonly number[]): Measured["rttMs"] {
  if (times.length === 0) return null;
  const sum = times.reduce((total, time) => total + time, 0);
  return { min: Math.min(...times), avg: sum / times.length, max: Math.max(...times) };
}

const ms = (time: number): string => `${time.toFixed(time < 10 ? 2 : 0)} ms`;

function result(measured: Measured): Result {
  const { path, rttMs, sent, answered, directMs } = measured;
  const way = path.kind === "none" ? "none" : `${path.kind}, ${path.address}`;
  const lines = [
    `peer            ${measured.endpointId}`,
    `path            ${way}`,
    `round trip      ${rttMs === null ? "no answer" : `min ${ms(rttMs.min)}, avg ${ms(rttMs.avg)}, max ${ms(rttMs.max)}`}`,
    `answered        ${answered} of ${sent} (${(measured.loss * 100).toFixed(0)} % lost)`,
    `connected after ${ms(measured.connectMs)}`,
    `direct after    ${directMs === null ? "not direct" : ms(directMs)}`,
    `bytes           ${path.bytesDirect} direct, ${path.bytesRelayed} relayed`,
  ];
  return { code: answered > 0 ? 0 : 1, text: lines.join("\n"), json: measured };
}
