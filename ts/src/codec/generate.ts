// Code generation: compiles functions for the messages of a scope.
//
// Owns: when the three sources (writers, readers, readers of presence-flagged XLANG) are compiled: at first use. So a
// client that only sends JSON compiles no readers, and a service with four hundred messages starts without delay.

import { generateReaders } from "./generate-read.js";
import { generateWriters } from "./generate-write.js";
import type { MessageType, Scope } from "./shape.js";

/** Sets functions that compile at first use. The first call of a writer compiles all writers; readers likewise. */
export function generate(scope: Scope): void {
  const messages = scope.types.filter((type): type is MessageType => type.kind === "message");
  const each = (use: (type: MessageType) => void): void => messages.forEach(use);
  const compileWriters = (): void => {
    const functions = generateWriters(scope);
    each((type) => {
      type.write = functions[type.index] ?? type.write;
    });
  };
  const compileReaders = (presenceFlagged: boolean): void => {
    const functions = generateReaders(scope, presenceFlagged);
    each((type) => {
      if (presenceFlagged) type.readPresenceFlagged = functions[type.index] ?? type.readPresenceFlagged;
      else type.read = functions[type.index] ?? type.read;
    });
  };
  each((type) => {
    type.write = (writer, value) => {
      compileWriters();
      type.write(writer, value);
    };
    type.read = (reader, referenceId) => {
      compileReaders(false);
      return type.read(reader, referenceId);
    };
    type.readPresenceFlagged = (reader, referenceId) => {
      compileReaders(true);
      return type.readPresenceFlagged(reader, referenceId);
    };
  });
}
