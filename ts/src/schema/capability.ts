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
 * The caller must have at least one of the roles.
 *
 * @example
 * const Status = service("Status", { requires: anyOf("ops.reader", "ops.admin") }, { get: unary(Hello, Greeting) });
 * @throws {TypeError} without roles, because it would not be clear whether everybody or nobody may call
 */
export function anyOf(...roles: string[]): Capability {
  return { kind: "anyOf", roles: checkRoles(roles, "anyOf()") };
}

/**
 * The caller must have all of the roles.
 *
 * @example
 * const Vault = service("Vault", { requires: allOf("ops.reader", "ops.audited") }, { open: unary(Hello, Greeting) });
 * @throws {TypeError} without roles
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
  if (kind === "role" && roles.length > 1)
    throw new TypeError(`${path}: several roles need anyOf(...) or allOf(...)`);
  return { kind, roles: checkRoles(roles, path) };
}

/** The most roles in a requirement, and the most UTF-8 bytes of a role. A longer one would refuse everybody. */
const MOST_ROLES = 64;
const MOST_ROLE_BYTES = 256;

function checkRoles(roles: readonly unknown[], path: string): readonly string[] {
  if (roles.length === 0) throw new TypeError(`${path}: must name at least one role`);
  if (roles.length > MOST_ROLES) throw new TypeError(`${path}: must name at most ${MOST_ROLES} roles`);
  for (const role of roles) checkRole(role, path);
  return Object.freeze([...(roles as readonly string[])]);
}

/** A credential has its roles in one text, separated by commas, so no caller can have a role with a comma in it. */
function checkRole(role: unknown, path: string): void {
  if (typeof role !== "string" || role === "")
    throw new TypeError(`${path}: a role must be a non-empty string`);
  if (role.includes(",") || role.trim() !== role || !role.isWellFormed())
    throw new TypeError(`${path}: a role must have no comma and no white space around it`);
  if (Buffer.byteLength(role) > MOST_ROLE_BYTES)
    throw new TypeError(`${path}: a role must have at most ${MOST_ROLE_BYTES} bytes`);
}
