// The one validator of options: every public function that takes an options object checks it here.
//
// Owns: unknown members, wrong types and ranges, reported as a TypeError that names the path ("options.bind").
// Does not own: defaults (they live beside the option) and what Rust alone can judge (addresses, limits).

/** Reads one value, or throws a TypeError that names `path`. Absent members arrive as undefined. */
export type Check<T> = (value: unknown, path: string) => T;

/** The members that an options object may have. */
export type Shape = Readonly<Record<string, Check<unknown>>>;

/** What a shape yields: each member, checked. */
export type Checked<S extends Shape> = { readonly [K in keyof S]: ReturnType<S[K]> };

/** The shape that yields `T`. */
export type ShapeOf<T> = { readonly [K in keyof T]: Check<T[K]> };

/** A TypeError about one option, with the machine-readable path that `error.path` carries. */
export function optionError(path: string, problem: string): TypeError {
  return Object.assign(new TypeError(`${path} ${problem}`), { code: "INVALID_OPTION", path });
}

/** Checks an options object against its shape. Unknown members are refused, `undefined` counts as absent. */
export function checkOptions<S extends Shape>(shape: S, value: unknown, path = "options"): Checked<S> {
  const given = value === undefined ? {} : object(value, path);
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(shape, key)) {
      throw optionError(`${path}.${key}`, `is no option; known are ${Object.keys(shape).join(", ")}`);
    }
  }
  const checked: Record<string, unknown> = {};
  for (const [key, check] of Object.entries(shape)) checked[key] = check(given[key], `${path}.${key}`);
  return checked as Checked<S>;
}

/** The value may be absent. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

/** The value may be null. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null ? null : check(value, path));
}

/** A non-empty text. */
export const text: Check<string> = (value, path) => {
  if (typeof value !== "string" || value === "")
    throw optionError(path, `must be a text, not ${kindOf(value)}`);
  return value;
};

/** A finite number of milliseconds. */
export const milliseconds: Check<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw optionError(path, `must be a finite number of milliseconds, not ${kindOf(value)}`);
  }
  return value;
};

/** A duration that is not negative. */
export const duration: Check<number> = (value, path) => {
  const ms = milliseconds(value, path);
  if (ms < 0) throw optionError(path, "must not be negative");
  return ms;
};

/** An integer from `least` to `most`. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
      const bound = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
      throw optionError(path, `must be an integer of at least ${least}${bound}, not ${kindOf(value)}`);
    }
    return value as number;
  };
}

/** One of a few words. */
export function oneOf<const W extends readonly string[]>(...words: W): Check<W[number]> {
  return (value, path) => {
    if (typeof value === "string" && words.includes(value)) return value;
    throw optionError(path, `must be ${words.map((word) => `"${word}"`).join(" or ")}, not ${kindOf(value)}`);
  };
}

/** An array whose members pass `check`. */
export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw optionError(path, `must be an array, not ${kindOf(value)}`);
    return value.map((item, index) => check(item, `${path}[${index}]`));
  };
}

/** A function. */
export function functionOf<F>(): Check<F> {
  return (value, path) => {
    if (typeof value !== "function") throw optionError(path, `must be a function, not ${kindOf(value)}`);
    return value as F;
  };
}

/** An object that has the named methods. */
export function having<T>(...methods: readonly (keyof T & string)[]): Check<T> {
  return (value, path) => {
    const given = object(value, path);
    for (const method of methods) {
      if (typeof given[method] !== "function") throw optionError(`${path}.${method}`, "must be a function");
    }
    return value as T;
  };
}

/** An AbortSignal, of any realm. */
export const abortSignal: Check<AbortSignal> = (value, path) => {
  const signal = value as Partial<AbortSignal> | null | undefined;
  if (typeof signal?.aborted !== "boolean" || typeof signal.addEventListener !== "function") {
    throw optionError(path, `must be an AbortSignal, not ${kindOf(value)}`);
  }
  return value as AbortSignal;
};

/** An object that is no array. */
export function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw optionError(path, `must be an object, not ${kindOf(value)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** What a wrong value is, in a few words that never contain the value of a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "string") return value === "" ? "an empty text" : "this text";
  return value === undefined ? "absent" : `a value of type ${typeof value}`;
}
