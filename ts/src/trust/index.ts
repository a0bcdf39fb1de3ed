// The entry `aster-rpc/trust`: keys, credentials and their files, for programs. Only exports.

export {
  type CredentialChecks,
  type CredentialFacts,
  type CredentialFault,
  type CredentialGrant,
  type CredentialReport,
  type CredentialType,
  inspectCredential,
  signCredential,
  verifyCredential,
} from "./credentials.js";
export {
  type Identity,
  type IdentityEntry,
  install,
  type NamedCredential,
  readIdentity,
  writeIdentity,
} from "./identity-file.js";
export { readNodeKey, readRootKey, readRootPublicKey, writeNodeKey, writeRootKey } from "./key-files.js";
export { generateNode, generateRoot, NodeKey, RootKey } from "./keys.js";
export {
  createRequest,
  type RequestOptions,
  readRequest,
  type SigningRequest,
  signRequest,
} from "./requests.js";
export { RevocationList, type Revoked } from "./revocation-list.js";
