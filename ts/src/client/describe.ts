// The manifests of a server's services, which the server is asked for.
//
// Owns: asking for each announced service, and making the manifest of an answer. Does not own: the exchange and the check
// against the announced contract (Rust).

import { contractManifest } from "../native/contracts.js";
import type { Connection } from "./connection.js";

/** The parts of a service document that this module reads. */
interface ServiceDocument {
  readonly methods: readonly {
    readonly name: string;
    readonly request: unknown;
    readonly response: unknown;
  }[];
  readonly schema: { readonly types: readonly unknown[] };
  readonly defaults: unknown;
}

/** The manifests of all services that the server describes, with the exact schema of each method. */
export async function describeServices(connection: Connection): Promise<unknown[]> {
  const manifests: unknown[] = [];
  // One after another: each question has a connection of its own.
  for (const { name, version } of connection.services) {
    const text = await connection.description(name, version);
    if (text !== null) manifests.push(manifestOf(JSON.parse(text) as ServiceDocument));
  }
  return manifests;
}

function manifestOf(document: ServiceDocument): unknown {
  const manifest = contractManifest(document) as { readonly methods: readonly { readonly name: string }[] };
  const { schema, defaults } = document;
  const methods = manifest.methods.map((method) => {
    const found = document.methods.find(({ name }) => name === method.name);
    if (found === undefined) return method;
    return { ...method, schema: { ...schema, roots: [found.request, found.response] }, defaults };
  });
  return { ...manifest, methods };
}
