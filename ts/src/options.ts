// The validator of options. Every public function that takes an options object checks it here.
//
// Owns: unknown options, wrong types and ranges. The TypeError names the path, such as "options.bind".
// Does not own: defaults (they are next to the option), and the checks of addresses and limits (Rust).

/** Checks one value and returns it, or throws a TypeError with `path`. A missing option arrives as undefined. */
export type Check<T> = (value: unknown, path: string) => T;

/** A check for each option that an options object may have. */
export type OptionChecks = Readonly<Record<string, Check<unknown>>>;

/** The result of the checks: each option with its type. */
export type Checked<S extends OptionChecks> = { readonly [K in keyof S]: ReturnType<S[K]> };

/** The checks whose result is `T`. */
export type OptionChecksOf<T> = { readonly [K in keyof T]: Check<T[K]> };

/** Makes a TypeError for one option. Its `path` property lets programs find the option. */
export function optionError(path: string, problem: string): TypeError {
  return Object.assign(new TypeError(`${path} ${problem}`), { code: "INVALID_OPTION", path });
}

/** Checks an options object. Unknown options are refused, and `undefined` counts as missing. */
export function checkOptions<S extends OptionChecks>(
  checks: S,
  value: unknown,
  path = "options",
): Checked<S> {
  const given = value === undefined ? {} : object(value, path);
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(checks, key)) {
      throw optionError(`${path}.${key}`, `is not an option; allowed are ${Object.keys(checks).join(", ")}`);
    }
  }
  const checked: Record<string, unknown> = {};
  for (const [key, check] of Object.entries(checks)) checked[key] = check(given[key], `${path}.${key}`);
  return checked as Checked<S>;
}

/** Allows a missing value. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

/** Allows null. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null ? null : check(value, path));
}

/** Requires a non-empty string. */
export const text: Check<string> = (value, path) => {
  if (typeof value !== "string" || value === "")
    throw optionError(path, `must be a non-empty string, not ${describeValue(value)}`);
  return value;
};

/** Requires a finite number of milliseconds. */
export const milliseconds: Check<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw optionError(path, `must be a finite number of milliseconds, not ${describeValue(value)}`);
  }
  return value;
};

/** Requires a number of milliseconds that is not negative. */
export const duration: Check<number> = (value, path) => {
  const ms = milliseconds(value, path);
  if (ms < 0) throw optionError(path, `must not be negative, but is ${ms}`);
  return ms;
};

/** Requires an integer from `least` to `most`. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
      const bound = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
      throw optionError(path, `must be an integer of at least ${least}${bound}, not ${describeValue(value)}`);
    }
    return value as number;
  };
}

/** Requires true or false. */
export const boolean: Check<boolean> = (value, path) => {
  if (typeof value === "boolean") return value;
  throw optionError(path, `must be true or false, not ${describeValue(value)}`);
};

/** Requires one of the given strings. */
export function oneOf<const W extends readonly string[]>(...words: W): Check<W[number]> {
  return (value, path) => {
    if (typeof value === "string" && words.includes(value)) return value;
    throw optionError(
      path,
      `must be ${words.map((word) => `"${word}"`).join(" or ")}, not ${describeValue(value)}`,
    );
  };
}

/** Requires an array, and checks each element. */
export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw optionError(path, `must be an array, not ${describeValue(value)}`);
    return value.map((item, index) => check(item, `${path}[${index}]`));
  };
}

/** Requires a function. */
export function functionOf<F>(): Check<F> {
  return (value, path) => {
    if (typeof value !== "function")
      throw optionError(path, `must be a function, not ${describeValue(value)}`);
    return value as F;
  };
}

/** Requires an object with the given methods. */
export function having<T>(...methods: readonly (keyof T & string)[]): Check<T> {
  return (value, path) => {
    const given = object(value, path);
    for (const method of methods) {
      if (typeof given[method] !== "function") {
        throw optionError(`${path}.${method}`, `must be a function, not ${describeValue(given[method])}`);
      }
    }
    return value as T;
  };
}

/** Requires an AbortSignal. One of another realm, such as a vm context, is allowed. */
export const abortSignal: Check<AbortSignal> = (value, path) => {
  const signal = value as Partial<AbortSignal> | null | undefined;
  if (typeof signal?.aborted !== "boolean" || typeof signal.addEventListener !== "function") {
    throw optionError(path, `must be an AbortSignal, not ${describeValue(value)}`);
  }
  return value as AbortSignal;
};

/** Requires an object that is not an array. */
export function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw optionError(path, `must be an object, not ${describeValue(value)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Describes a wrong value for an error text. It never shows the content of a string, which may be a secret. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  try {
    if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  } catch {
    return "a revoked proxy";
  }
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "string") return value === "" ? "an empty string" : "this string";
  return value === undefined ? "undefined" : `a value of type ${typeof value}`;
}
