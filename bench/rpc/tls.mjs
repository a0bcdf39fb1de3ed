// Set-up shared by the TLS peers: a certificate made for this run, in files of the run's scratch folder.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "./certificate.mjs";

/** Writes a new certificate and says where it is; each peer gets a scratch folder of its own. */
export function prepareTls(scratch) {
  const settings = { keyFile: join(scratch, "key.pem"), certFile: join(scratch, "cert.pem") };
  const { key, cert } = makeCertificate();
  writeFileSync(settings.keyFile, key, { mode: 0o600 });
  writeFileSync(settings.certFile, cert);
  return settings;
}

/** Key and certificate of `prepareTls`, read back in a measured process. */
export const readTls = ({ keyFile, certFile }) => ({
  key: readFileSync(keyFile),
  cert: readFileSync(certFile),
});
