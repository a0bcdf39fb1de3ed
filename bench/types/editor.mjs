// What an editor waits for: a language server opens a file and tells its errors.
// Owns: the conversation with tsserver. TypeScript 7 has no tsserver; its compiler answers in a tenth of the time.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/**
 * Milliseconds for loading the project of a file, for the errors of the file, and for its errors after a change; null
 * without a language server.
 * @param edit a text that is put at the start of the file
 */
export async function editorTimes({ folder }, file, edit) {
  const program = join(folder, "lib", "tsserver.js");
  if (!existsSync(program)) return null;
  const server = spawn(process.execPath, [program, "--disableAutomaticTypingAcquisition"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const waiting = new Map();
  let rest = "";
  server.stdout.setEncoding("utf8").on("data", (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.filter((text) => text.startsWith("{"))) {
      const { type, request_seq: seq, body } = JSON.parse(line);
      if (type === "response") waiting.get(seq)?.(body);
    }
  });
  let seq = 0;
  const send = (command, parameters) => {
    seq += 1;
    server.stdin.write(`${JSON.stringify({ seq, type: "request", command, arguments: parameters })}\n`);
    return seq;
  };
  const ask = (command) => new Promise((resolve) => waiting.set(send(command, { file }), resolve));
  try {
    const started = performance.now();
    send("open", { file, fileContent: readFileSync(file, "utf8") });
    await ask("syntacticDiagnosticsSync");
    const loaded = performance.now();
    const found = await ask("semanticDiagnosticsSync");
    const told = performance.now();
    send("change", { file, line: 1, offset: 1, endLine: 1, endOffset: 1, insertString: edit });
    await ask("semanticDiagnosticsSync");
    const changeMs = performance.now() - told;
    return { errors: found.length, loadMs: loaded - started, errorsMs: told - loaded, changeMs };
  } finally {
    server.kill();
  }
}
