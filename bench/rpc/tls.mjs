// Set-up of the TLS peers: a new certificate for this run, in files in the temporary folder of the run.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "./certificate.mjs";

/** Writes a new certificate and returns its paths. Each peer has its own temporary folder. */
export function prepareTls(scratch) {
  const settings = { keyFile: join(scratch, "key.pem"), certFile: join(scratch, "cert.pem") };
  const { key, cert } = makeCertificate();
  writeFileSync(settings.keyFile, key, { mode: 0o600 });
  writeFileSync(settings.certFile, cert);
  return settings;
}

/** Reads the key and certificate of `prepareTls`, in a measured process. */
export const readTls = ({ keyFile, certFile }) => ({
  key: readFileSync(keyFile),
  cert: readFileSync(certFile),
});
