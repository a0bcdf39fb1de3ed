// Prints the results of the codec bench as Markdown: one table for each message, with encoding, decoding and size.
import { describeRun, table } from "../markdown.mjs";
import { format, summarize } from "../statistics.mjs";
import { codecs } from "./codecs/index.mjs";
import { messages } from "./messages.mjs";

/** The whole report as Markdown. */
export function renderCodec(results) {
  const shown = Object.keys(messages).filter((name) => results.cells.some(({ message }) => message === name));
  const used = Object.keys(codecs).filter((name) => results.cells.some(({ codec }) => codec === name));
  const sections = shown.map((message) => messageSection(results, message, used));
  const notes = used
    .filter((name) => codecs[name].note)
    .map((name) => `- ${codecs[name].title}: ${codecs[name].note}.`);
  const intro =
    "Microseconds for one operation, median (lowest to highest) of the processes. Share: bytes compared with JSON.";
  return [describeRun(results), intro, ...sections, notes.join("\n"), failures(results)]
    .filter(Boolean)
    .join("\n\n");
}

function messageSection(results, message, used) {
  const jsonBytes = bytes(results, message, "json");
  const measured = used.filter((codec) => find(results, message, codec, "encode") !== undefined);
  const rows = measured.map((codec) => {
    const size = bytes(results, message, codec);
    return [
      codecs[codec].title,
      spread(results, message, codec, "encode"),
      spread(results, message, codec, "decode"),
      format(size),
      size === null || jsonBytes === null ? "-" : `${Math.round((100 * size) / jsonBytes)} %`,
    ];
  });
  return `**${messages[message].title}**\n\n${table(["codec", "encode us", "decode us", "bytes", "share"], rows)}`;
}

function find(results, message, codec, direction) {
  return results.cells.find(
    (cell) => cell.message === message && cell.codec === codec && cell.direction === direction,
  );
}

function spread(results, message, codec, direction) {
  const summary = summarize(find(results, message, codec, direction).samples.map(({ us }) => us));
  if (summary === null) return "failed";
  if (summary.samples === 1) return format(summary.median);
  return `${format(summary.median)} (${format(summary.low)} to ${format(summary.high)})`;
}

/** Bytes of the message, averaged over its variants; equal in each process. */
function bytes(results, message, codec) {
  const cell = find(results, message, codec, "encode");
  return cell?.samples.find((sample) => sample.bytes !== undefined)?.bytes ?? null;
}

/** One line for each codec and error, even if several cells have the error. */
function failures({ cells }) {
  const lines = cells.flatMap(({ codec, samples }) =>
    samples
      .filter(({ error }) => error !== undefined)
      .map(({ error }) => `- ${codecs[codec].title} failed: ${error}`),
  );
  return [...new Set(lines)].join("\n");
}
