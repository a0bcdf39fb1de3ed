/** Commands that fetch from a package registry or a repository: what a machine without one says is told apart from every other failure. */
import { Missing, Problem } from "./console.mjs";
import { run } from "./process.mjs";

const unreachable =
  /unknown host|unreachable|no such host|name resolution|dial (tcp|udp)|connection (refused|reset|timed out)|connect timed out|i\/o timeout|could not transfer|proxyconnect|could(n.t| not) (resolve host|connect)/i;

/**
 * Runs such a command.
 * @throws {Missing} when its words are those of a machine that cannot reach it; {Problem} when it fails otherwise
 */
export async function fetching(sentence, command, args, options = {}) {
  const lines = [];
  const code = await run(command, args, { ...options, onLine: (line) => lines.push(line) });
  if (code === 0) return;
  if (lines.some((line) => unreachable.test(line)))
    throw new Missing(`${sentence}: the network does not reach it`);
  throw new Problem(`${sentence} (exit code ${code}; its output stands above).`);
}
