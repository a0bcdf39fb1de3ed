// The numbers of values that can be referred to, in the message being written and in the one being read.
//
// Owns: both tables, and that a message has no more than a million numbers. What precedes a value, and whether a
// reference fits its place, is up to the caller and to `forms.ts`.

import type { MessageWriter } from "../message.js";
import { type Form, fitsForm } from "./forms.js";
import { putUint32 } from "./numbers.js";
import { MAX_OBJECTS, refuse } from "./refusal.js";
import { AGAIN, FIRST } from "./wire.js";

/** What is said of a message with more. */
export const TOO_MANY: string = `more than ${MAX_OBJECTS} values that can be referred to`;

/** Longer tables are not kept for the next message. */
const KEPT = 4096;

/** Writing: the numbers of the values that were written. One message is written at a time. */
const numbers = new Map<unknown, number>();
/** Writing: the forms by number; those behind `count` are of earlier messages. */
const forms: Form[] = [];
/** Writing: the next number of a value that was written again because a reference would not have fitted. */
const anew = new Map<number, number>();
let count = 0;

/** Starts the numbers of a message. */
export function beginNumbers(): void {
  count = 0;
}

/** Lets go of the values of a message. */
export function endNumbers(): void {
  if (numbers.size > 0) numbers.clear();
  if (anew.size > 0) anew.clear();
  if (forms.length > KEPT) forms.length = 0;
}

/** Gives a value without an identity the next number. */
export function countValue(form: Form): void {
  if (count >= MAX_OBJECTS) refuse(TOO_MANY);
  forms[count++] = form;
}

/** The number under which a value stands already in a form that fits, or -1: then it has the next number now. */
export function numberOf(value: unknown, form: Form): number {
  const number = numbers.get(value);
  if (number === undefined) {
    if (count >= MAX_OBJECTS) refuse(TOO_MANY);
    numbers.set(value, count);
    forms[count++] = form;
    return -1;
  }
  return forms[number] === form ? number : numberInForm(number, form);
}

/** One object can stand for several types: an empty array for a list of ints here and for one of strings there. */
function numberInForm(first: number, form: Form): number {
  let number = first;
  while (!fitsForm(forms[number] as Form, form)) {
    const next = anew.get(number);
    if (next === undefined) {
      anew.set(number, count);
      countValue(form);
      return -1;
    }
    number = next;
  }
  return number;
}

/** Numbers, bigints and strings are not the same ones twice; `asFloat` makes an object that is only a number. */
function hasIdentity(value: unknown, form: Form): boolean {
  return typeof value === "object" ? form.kind !== FLOAT : typeof value === "boolean";
}

const FLOAT = 20;

/** The same for a value that may be a string or number, in places where these have a number but no identity. */
export function numberOfAny(value: unknown, form: Form): number {
  if (hasIdentity(value, form)) return numberOf(value, form);
  countValue(form);
  return -1;
}

/** Writes the flag of a value that can be referred to. False when that is all: the value was written before. */
export function beginValue(writer: MessageWriter, value: unknown, form: Form): boolean {
  writer.ensure(6);
  const number = numberOfAny(value, form);
  if (number >= 0) {
    writer.buf[writer.pos] = AGAIN;
    writer.pos = putUint32(writer.buf, writer.pos + 1, number);
    return false;
  }
  writer.buf[writer.pos++] = FIRST;
  return true;
}

/** Reading: the values that were read, by number, and as what. */
export class Numbered {
  values: unknown[] = [];
  forms: Form[] = [];
  count = 0;

  /** The next number, for a value that is about to be read, or -1. Its place in `values` is the caller's to fill. */
  take(form: Form): number {
    const number = this.count;
    if (number >= MAX_OBJECTS) return -1;
    this.count = number + 1;
    this.values[number] = undefined;
    this.forms[number] = form;
    return number;
  }

  /** Lets go of the values of a message. */
  clear(): void {
    this.count = 0;
    this.values = [];
    if (this.forms.length > KEPT) this.forms = [];
  }
}
