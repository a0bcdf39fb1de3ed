// Capability requirements of services and methods, as values.
//
// Owns: their form and `anyOf`/`allOf`. They are carried here and decided elsewhere, before a request byte is
// read; contract ids never depend on them.

/**
 * What a caller must hold: one role, one of several, or all of several.
 *
 * @example
 * const requires: Capability = anyOf("ops.reader", "ops.admin");
 * console.log(requires.roles); // [ 'ops.reader', 'ops.admin' ]
 */
export interface Capability {
  readonly kind: "role" | "anyOf" | "allOf";
  readonly roles: readonly string[];
}

/**
 * The caller holds at least one of the roles. Without roles nobody is refused.
 *
 * @example
 * const Status = service("Status", { requires: anyOf("ops.reader", "ops.admin") }, { get: unary(Hello, Greeting) });
 */
export function anyOf(...roles: string[]): Capability {
  return { kind: "anyOf", roles: checkRoles(roles, "anyOf()") };
}

/**
 * The caller holds every one of the roles.
 *
 * @example
 * const Vault = service("Vault", { requires: allOf("ops.reader", "ops.audited") }, { open: unary(Hello, Greeting) });
 */
export function allOf(...roles: string[]): Capability {
  return { kind: "allOf", roles: checkRoles(roles, "allOf()") };
}

/** Reads a requirement as users write it: a role's name or the result of `anyOf`, `allOf`. */
export function capabilityOf(value: unknown, path: string): Capability | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return { kind: "role", roles: checkRoles([value], path) };
  const { kind, roles } = value as Partial<Capability>;
  if (kind !== "role" && kind !== "anyOf" && kind !== "allOf") {
    throw new TypeError(`${path}: a role's name, anyOf(...) or allOf(...)`);
  }
  if (!Array.isArray(roles)) throw new TypeError(`${path}.roles: an array of names`);
  return { kind, roles: checkRoles(roles, path) };
}

function checkRoles(roles: readonly unknown[], path: string): readonly string[] {
  for (const role of roles) {
    if (typeof role !== "string" || role === "") throw new TypeError(`${path}: a role is a non-empty string`);
  }
  return Object.freeze([...(roles as readonly string[])]);
}
