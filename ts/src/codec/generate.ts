// Code generation: gives the messages of a scope functions made for them.
//
// Owns: when each of the three sources is compiled, which is at first use: a client that only sends JSON never
// pays for readers, a service of four hundred messages starts at once.

import { generateReaders } from "./generate-read.js";
import { generateWriters } from "./generate-write.js";
import type { MessageType, Scope } from "./shape.js";

/** Installs generated functions; the first call of one compiles all of its sort. */
export function generate(scope: Scope): void {
  const messages = scope.types.filter((type): type is MessageType => type.kind === "message");
  const each = (use: (type: MessageType) => void): void => messages.forEach(use);
  const compileWriters = (): void => {
    const functions = generateWriters(scope);
    each((type) => {
      type.write = functions[type.index] ?? type.write;
    });
  };
  const compileReaders = (marked: boolean): void => {
    const functions = generateReaders(scope, marked);
    each((type) => {
      if (marked) type.readMarked = functions[type.index] ?? type.readMarked;
      else type.read = functions[type.index] ?? type.read;
    });
  };
  each((type) => {
    type.write = (writer, value) => {
      compileWriters();
      type.write(writer, value);
    };
    type.read = (reader, number) => {
      compileReaders(false);
      return type.read(reader, number);
    };
    type.readMarked = (reader, number) => {
      compileReaders(true);
      return type.readMarked(reader, number);
    };
  });
}
