// aster-rpc with access by credentials: the client is admitted by its credential, and the service requires a role.
import { generateRoot, signCredential } from "../../../dist/trust/index.js";
import { connectWith, GatedBench, serveTo } from "./ours.mjs";

const HOUR_MS = 3_600_000;

export async function serve() {
  const root = generateRoot();
  const expiresAt = new Date(Date.now() + HOUR_MS);
  const credential = signCredential({ root, endpointId: null, roles: ["bench"], expiresAt });
  return { ticket: await serveTo(GatedBench, { rootPublicKey: root.publicKey }), credential };
}

export const connect = (_settings, { ticket, credential }) =>
  connectWith(ticket, {}, { bind: "127.0.0.1:0", relay: "disabled", credential });
