// Values without their own JavaScript type: a calendar date, and a float that looks like an integer.
//
// Owns: `PlainDate`, the arithmetic of calendar days, and `asFloat`. `t.date` and `t.any` use them.

const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const MS_PER_DAY = 86_400_000;

/** 0001-01-01 and 9999-12-31 as days since 1970-01-01: the range of Python's `date`. */
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/** The same years as seconds since 1970: the range of Python's `datetime`. */
export const FIRST_SECOND: number = FIRST_DAY * 86_400;
export const LAST_SECOND: number = LAST_DAY * 86_400 + 86_399;

/** The number of days from 1970-01-01 to `YYYY-MM-DD`. Null when the text is not a calendar day. */
export function dayOfText(text: string): number | null {
  const parts = ISO_DAY.exec(text);
  if (parts === null) return null;
  const date = new Date(0);
  date.setUTCFullYear(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  const day = date.getTime() / MS_PER_DAY;
  return day >= FIRST_DAY && textOfDay(day) === text ? day : null;
}

/** The day `YYYY-MM-DD` for a number of days from 1970-01-01. Null outside the years 1 to 9999. */
export function textOfDay(day: number): string | null {
  if (day < FIRST_DAY || day > LAST_DAY) return null;
  // Computed here, because `Date.toISOString` takes ten times as long. The year begins in March: leap days come last.
  const since = day + DAYS_BEFORE_1970;
  const era = Math.floor(since / DAYS_OF_ERA);
  const dayOfEra = since - era * DAYS_OF_ERA;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36524) + Math.floor(dayOfEra / 146096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = era * 400 + yearOfEra + (month < 3 ? 1 : 0);
  return `${digits[Math.floor(year / 100)]}${digits[year % 100]}-${digits[month]}-${digits[dayOfMonth]}`;
}

/** An era is the 400 years after which the calendar repeats. */
const DAYS_OF_ERA = 146_097;

/** From 0000-03-01 to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468;

/** The numbers below 100 in two digits. */
const digits: readonly string[] = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

/**
 * A calendar day without time and zone, for `t.any`. A field with `t.date` holds only the text.
 *
 * @example
 * const Note = message("lab/Note", { value: t.any });
 * const { value } = Note.decode(Note.encode({ value: new PlainDate("2024-01-31") }));
 * console.log(String(value)); // 2024-01-31
 */
export class PlainDate {
  /** The day as `2024-01-31`. */
  readonly text: string;

  /** @throws {TypeError} when the text is not a day in the form `2024-01-31` */
  constructor(text: string) {
    if (typeof text !== "string" || dayOfText(text) === null) {
      throw new TypeError("a PlainDate must have the form YYYY-MM-DD and be a calendar day");
    }
    this.text = text;
  }

  /** The day as `2024-01-31`. */
  toString(): string {
    return this.text;
  }

  /** The day as `2024-01-31`. */
  toJSON(): string {
    return this.text;
  }
}

/** The value of a day that is known to be valid. */
export function plainDateOf(text: string): PlainDate {
  const date = Object.create(PlainDate.prototype) as { text: string };
  date.text = text;
  return date as PlainDate;
}

/**
 * A number that is encoded as a float, even when it is an integer. {@link asFloat} makes it.
 *
 * @example
 * const Note = message("lab/Note", { value: t.any });
 * const one: AsFloat = asFloat(1);
 * console.log(Note.encodeJson({ value: one })); // {"value":1.0}
 */
export class AsFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/**
 * Encodes a number inside `t.any` as a float: `asFloat(1)` is Python's `1.0`, and a plain `1` is Python's `1`.
 *
 * @example
 * const Note = message("lab/Note", { value: t.any });
 * console.log(Note.encodeJson({ value: asFloat(1) })); // {"value":1.0}
 * console.log(Note.encodeJson({ value: 1 })); // {"value":1}
 */
export function asFloat(value: number): AsFloat {
  if (typeof value !== "number") throw new TypeError("asFloat() needs a number");
  return new AsFloat(value);
}
