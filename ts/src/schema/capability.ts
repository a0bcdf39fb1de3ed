// Requirements of services and methods for their callers (roles), as values.
//
// Owns: these values, `anyOf` and `allOf`. They are declared here and checked elsewhere, before a byte of the request is
// read. Contract ids do not depend on them.

/**
 * What a caller must have: one role, one of several roles, or all of several roles.
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
 * The caller must have at least one of the roles. Without roles every caller is allowed.
 *
 * @example
 * const Status = service("Status", { requires: anyOf("ops.reader", "ops.admin") }, { get: unary(Hello, Greeting) });
 */
export function anyOf(...roles: string[]): Capability {
  return { kind: "anyOf", roles: checkRoles(roles, "anyOf()") };
}

/**
 * The caller must have all of the roles.
 *
 * @example
 * const Vault = service("Vault", { requires: allOf("ops.reader", "ops.audited") }, { open: unary(Hello, Greeting) });
 */
export function allOf(...roles: string[]): Capability {
  return { kind: "allOf", roles: checkRoles(roles, "allOf()") };
}

/** Reads a requirement: the name of a role, or the result of `anyOf` or `allOf`. */
export function capabilityOf(value: unknown, path: string): Capability | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return { kind: "role", roles: checkRoles([value], path) };
  const { kind, roles } = value as Partial<Capability>;
  if (kind !== "role" && kind !== "anyOf" && kind !== "allOf") {
    throw new TypeError(`${path}: must be the name of a role, anyOf(...) or allOf(...)`);
  }
  if (!Array.isArray(roles)) throw new TypeError(`${path}.roles: must be an array of names`);
  return { kind, roles: checkRoles(roles, path) };
}

function checkRoles(roles: readonly unknown[], path: string): readonly string[] {
  for (const role of roles) {
    if (typeof role !== "string" || role === "")
      throw new TypeError(`${path}: a role must be a non-empty string`);
  }
  return Object.freeze([...(roles as readonly string[])]);
}
