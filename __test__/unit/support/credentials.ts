/** Credentials and revocation lists, signed with Node's own cryptography and not with that of the library. */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key that signs credentials. */
export interface Root {
  readonly publicKey: string;
  sign(bytes: Buffer): string;
}

function keyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
}

function publicHex(key: KeyObject): string {
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
}

/** A new root key. */
export function newRoot(): Root {
  const key = keyOf(randomBytes(32));
  return { publicKey: publicHex(key), sign: (bytes) => sign(null, bytes, key).toString("hex") };
}

/** The key of a node. */
export interface Node {
  readonly secretKey: Uint8Array;
  readonly endpointId: string;
}

/** A new node key. */
export function newNode(): Node {
  const secretKey = new Uint8Array(randomBytes(32));
  return { secretKey, endpointId: publicHex(keyOf(secretKey)) };
}

/** The text of an identity file with one entry. */
export function identityFile(node: Node, name: string, document: string): string {
  const says = JSON.parse(document);
  const attributes = Object.entries(says.attributes).map(
    ([key, value]) => `${JSON.stringify(key)} = "${value}"`,
  );
  return [
    "[node]",
    `secret_key = "${Buffer.from(node.secretKey).toString("base64")}"`,
    `endpoint_id = "${node.endpointId}"`,
    "[[peers]]",
    `name = "${name}"`,
    'role = "consumer"',
    `type = "${says.credential_type}"`,
    `root_pubkey = "${says.root_pubkey}"`,
    `endpoint_id = "${says.endpoint_id}"`,
    `expires_at = ${says.expires_at}`,
    `signature = "${says.signature}"`,
    `attributes = { ${attributes.join(", ")} }`,
    "",
  ].join("\n");
}

/** What a credential says. The defaults give a policy credential that counts for an hour. */
export interface Saying {
  readonly type?: "policy" | "ott";
  readonly endpointId?: string | null;
  readonly roles?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Seconds until it expires; negative for the past. */
  readonly lasts?: number;
  readonly nonce?: string;
}

/** The text of a signed credential. */
export function credential(root: Root, saying: Saying = {}): string {
  const { type = "policy", endpointId = null, roles, lasts = 3600 } = saying;
  const pairs = { ...saying.attributes, ...(roles === undefined ? {} : { "aster.role": roles }) };
  const sorted = Object.fromEntries(Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1)));
  const expiresAt = Math.floor(Date.now() / 1000) + lasts;
  const nonce = type === "ott" ? (saying.nonce ?? randomBytes(32).toString("hex")) : null;
  const expiry = Buffer.alloc(8);
  expiry.writeBigUInt64BE(BigInt(expiresAt));
  const optional = (value: Buffer | null) =>
    value === null ? Buffer.from([0]) : Buffer.concat([Buffer.from([1]), value]);
  const signature = root.sign(
    Buffer.concat([
      Buffer.from([type === "ott" ? 1 : 0]),
      optional(endpointId === null ? null : Buffer.from(endpointId)),
      Buffer.from(root.publicKey, "hex"),
      expiry,
      Buffer.from(JSON.stringify(sorted)),
      optional(nonce === null ? null : Buffer.from(nonce, "hex")),
    ]),
  );
  return JSON.stringify({
    credential_type: type,
    root_pubkey: root.publicKey,
    expires_at: expiresAt,
    attributes: sorted,
    endpoint_id: endpointId,
    nonce,
    signature,
  });
}

/** The document of a signed revocation list. */
export function revocationList(root: Root, sequence: number, endpointIds: readonly string[]): string {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
  };
  const count = (value: number): Buffer => number(value).subarray(4);
  const sorted = [...endpointIds].sort();
  const signature = root.sign(
    Buffer.concat([
      Buffer.from("\x02aster revocation list v1\0", "latin1"),
      Buffer.from(root.publicKey, "hex"),
      number(sequence),
      number(1_700_000_000),
      count(sorted.length),
      ...sorted.map((id) => Buffer.from(id, "hex")),
      count(0),
    ]),
  );
  return JSON.stringify({
    aster_revocation_list: 1,
    root_pubkey: root.publicKey,
    sequence,
    issued_at: 1_700_000_000,
    endpoint_ids: sorted,
    fingerprints: [],
    signature,
  });
}
