/** Commands that fetch from a package registry or a repository. An unreachable network is distinguished from all other failures. */
import { Missing, Problem } from "./console.mjs";
import { run } from "./process.mjs";

const unreachable =
  /unknown host|unreachable|no such host|name resolution|dial (tcp|udp)|connection (refused|reset|timed out)|connect timed out|i\/o timeout|could not transfer|proxyconnect|could(n.t| not) (resolve host|connect)/i;

/**
 * Runs such a command.
 * @throws {Missing} if its output says that the network cannot be reached; {Problem} if it fails for another reason
 */
export async function fetching(sentence, command, args, options = {}) {
  const lines = [];
  const code = await run(command, args, { ...options, onLine: (line) => lines.push(line) });
  if (code === 0) return;
  if (lines.some((line) => unreachable.test(line)))
    throw new Missing(`${sentence}: the network cannot be reached`);
  throw new Problem(`${sentence} (exit code ${code}; its output is above).`);
}
