// Gives services their contract functions.
//
// Owns: installing the addon's contract functions where schema/ asks for them. Does not own: the functions
// (Rust), nor when an id is needed (schema/service.ts). Importing this module installs them.

import { type ContractFacts, installContractForms } from "../schema/backend.js";
import { controlCall } from "./index.js";

installContractForms({
  describe: (document) =>
    JSON.parse(controlCall((native) => native.contractDescribe(document))) as ContractFacts,
  manifest: (document) => JSON.parse(controlCall((native) => native.contractManifest(document))) as unknown,
});
