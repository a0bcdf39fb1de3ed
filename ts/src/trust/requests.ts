// Signing on another machine: a node writes a request, the holder of the root key makes a credential of it.
//
// Owns: the options. Does not own: the document and its proof (Rust).

import { controlCall } from "../native/index.js";
import { checkOptions, duration, optional, text } from "../options.js";
import {
  attributePairs,
  type CredentialType,
  credentialType,
  roleList,
  seconds,
  signCredential,
} from "./credentials.js";
import { type NodeKey, nodeKey, type RootKey, rootKey, secretBytes } from "./keys.js";

/**
 * What a node asks for.
 *
 * @example
 * const asked: RequestOptions = { node: generateNode(), name: "edge", lifetimeMs: 86_400_000 };
 * console.log(asked.name);
 */
export interface RequestOptions {
  /** The key of the node that asks. */
  readonly node: NodeKey;
  /** The label under which the node keeps the credential: 1 to 256 bytes. */
  readonly name: string;
  /** Default: `policy`. */
  readonly type?: CredentialType;
  /** Default: none. */
  readonly roles?: readonly string[];
  /** Default: none. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** How long the credential shall count, in milliseconds from its signing on. At most ten years. */
  readonly lifetimeMs: number;
}

/**
 * What a signing request asks for.
 *
 * @example
 * const request = createRequest({ node: generateNode(), name: "edge", roles: ["ops"], lifetimeMs: 86_400_000 });
 * const asked: SigningRequest = readRequest(request);
 * console.log(asked.name, asked.roles);
 */
export interface SigningRequest {
  readonly type: CredentialType;
  /** The label under which the node keeps the credential. */
  readonly name: string;
  /** The node that asks. The request proves that it has the secret key. */
  readonly endpointId: string;
  readonly roles: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
  readonly lifetimeMs: number;
}

/**
 * Makes a signing request. Returns the text of its file, which contains no secret.
 *
 * @example
 * const request = createRequest({ node: generateNode(), name: "edge", roles: ["ops"], lifetimeMs: 86_400_000 });
 * console.log(readRequest(request).roles); // [ "ops" ]
 * @throws {TypeError} for a wrong option
 */
export function createRequest(options: RequestOptions): string {
  const { node, name, type, roles, attributes, lifetimeMs } = checkOptions(requestChecks, options);
  return controlCall((native) =>
    native.trustCreateRequest(secretBytes(node), {
      type: type ?? "policy",
      name,
      attributes: attributes ?? [],
      roles: [...(roles ?? [])],
      lifetimeS: Math.floor(lifetimeMs / 1000),
    }),
  );
}

/**
 * Reads a signing request and checks its proof. Look at the roles before you sign.
 *
 * @example
 * const request = createRequest({ node: generateNode(), name: "edge", lifetimeMs: 86_400_000 });
 * console.log(readRequest(request).lifetimeMs); // 86400000
 * @throws {AsterError} INVALID_ARGUMENT with reason `MALFORMED` when the text is not a request of the node that it names
 */
export function readRequest(request: string): SigningRequest {
  const content = text(request, "request");
  const { lifetimeS, attributes, ...facts } = controlCall((native) => native.trustReadRequest(content));
  const named = new Map(attributes.map(({ name, value }) => [name, value]));
  return { ...facts, attributes: named, lifetimeMs: lifetimeS * 1000 };
}

/**
 * Signs what a request asks for, or less. Returns the text of a credential file.
 * @param options `root` signs. `roles` and `lifetimeMs` take the place of what is asked for. `now`: default now
 *
 * @example
 * const request = createRequest({ node: generateNode(), name: "edge", roles: ["ops", "root"], lifetimeMs: 86_400_000 });
 * const credential = signRequest(request, { root: generateRoot(), roles: ["ops"] });
 * console.log(inspectCredential(credential).roles); // [ "ops" ]
 * @throws {TypeError} for a wrong option
 * @throws {AsterError} like `readRequest()`
 */
export function signRequest(
  request: string,
  options: {
    readonly root: RootKey;
    readonly roles?: readonly string[];
    readonly lifetimeMs?: number;
    readonly now?: Date;
  },
): string {
  const { root, roles, lifetimeMs, now } = checkOptions(signChecks, options);
  const asked = readRequest(request);
  const begin = (now ?? Math.floor(Date.now() / 1000)) * 1000;
  const attributes = Object.fromEntries(asked.attributes);
  if (roles !== undefined) delete attributes["aster.role"];
  return signCredential({
    root,
    type: asked.type,
    endpointId: asked.endpointId,
    attributes,
    ...(roles === undefined ? {} : { roles }),
    expiresAt: new Date(begin + (lifetimeMs ?? asked.lifetimeMs)),
  });
}

const requestChecks = {
  node: nodeKey,
  name: text,
  type: optional(credentialType),
  roles: optional(roleList),
  attributes: optional(attributePairs),
  lifetimeMs: duration,
};

const signChecks = {
  root: rootKey,
  roles: optional(roleList),
  lifetimeMs: optional(duration),
  now: optional(seconds),
};
