// Secret keys in memory.
//
// Owns: the two classes of keys. Their secret bytes are in a private field, which `util.inspect`, JSON, structured clones
// and errors do not show. Does not own: the texts and files of keys (key-files.ts), and what keys sign (Rust).

import { generateSecretKey } from "../identity.js";
import { controlCall } from "../native/index.js";
import { describeValue, optionError } from "../options.js";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

let bytesOf: (key: RootKey | NodeKey) => Uint8Array;

/** The shared part of both keys. */
abstract class SecretKey {
  readonly #bytes: Uint8Array;
  readonly #publicKey: string;

  protected constructor(bytes: Uint8Array) {
    if (!(bytes instanceof Uint8Array)) {
      throw optionError("bytes", `must be a Uint8Array, not ${describeValue(bytes)}`);
    }
    this.#bytes = Uint8Array.from(bytes);
    this.#publicKey = controlCall((native) => native.trustPublicKey(this.#bytes));
  }

  static {
    bytesOf = (key) => (key as SecretKey).#bytes;
  }

  /** The public half: 64 hexadecimal digits. */
  get publicKey(): string {
    return this.#publicKey;
  }

  /** A copy of the 32 secret bytes. They are the key itself: whoever has them can use it. */
  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** The class and the public half. */
  toString(): string {
    return `${this.constructor.name}(${this.#publicKey})`;
  }

  /** The public half, for JSON. */
  toJSON(): { readonly publicKey: string } {
    return { publicKey: this.#publicKey };
  }

  /** @internal */
  [INSPECT](): string {
    return this.toString();
  }
}

/**
 * The key that signs credentials and revocation lists. Keep it offline: no server needs it, servers know its public half.
 *
 * @example
 * const root = generateRoot();
 * console.log(root.publicKey.length); // 64
 */
export class RootKey extends SecretKey {
  /**
   * The key with these 32 secret bytes.
   * @throws {TypeError} when `bytes` is not a Uint8Array of 32 bytes
   */
  static fromBytes(bytes: Uint8Array): RootKey {
    return new RootKey(bytes);
  }
}

/**
 * The key of a node. Its public half is the endpoint id, under which the node is dialled.
 *
 * @example
 * const node = generateNode();
 * const secretKey = node.toBytes(); // what the option `secretKey` of a server takes
 * console.log(node.endpointId === endpointIdOf(secretKey)); // true
 */
export class NodeKey extends SecretKey {
  /**
   * The key with these 32 secret bytes.
   * @throws {TypeError} when `bytes` is not a Uint8Array of 32 bytes
   */
  static fromBytes(bytes: Uint8Array): NodeKey {
    return new NodeKey(bytes);
  }

  /** The endpoint id: 64 hexadecimal digits. */
  get endpointId(): string {
    return this.publicKey;
  }
}

/**
 * Makes a new root key from the random bytes of the operating system.
 *
 * @example
 * const root = generateRoot();
 * console.log(String(root)); // RootKey(...): the public half, never the secret
 */
export function generateRoot(): RootKey {
  return RootKey.fromBytes(generateSecretKey());
}

/**
 * Makes a new node key from the random bytes of the operating system.
 *
 * @example
 * const node = generateNode();
 * console.log(node.endpointId);
 */
export function generateNode(): NodeKey {
  return NodeKey.fromBytes(generateSecretKey());
}

/** The secret bytes of a key, for the addon. */
export function secretBytes(key: RootKey | NodeKey): Uint8Array {
  return bytesOf(key);
}

/** Requires a RootKey. */
export function rootKey(value: unknown, path: string): RootKey {
  if (value instanceof RootKey) return value;
  throw optionError(path, `must be a RootKey, not ${describeValue(value)}`);
}

/** Requires a NodeKey. */
export function nodeKey(value: unknown, path: string): NodeKey {
  if (value instanceof NodeKey) return value;
  throw optionError(path, `must be a NodeKey, not ${describeValue(value)}`);
}
