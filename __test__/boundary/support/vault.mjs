/** A service for callers with the role `reader`. */
import { message, serverStream, service, t, unary } from "aster-rpc";

const Ask = message("vault/Ask", { n: t.int });
const Told = message("vault/Told", { text: t.string });
export const Vault = service(
  "Vault",
  { requires: "reader" },
  { read: unary(Ask, Told), watch: serverStream(Ask, Told) },
);
