// The manifest of a service with everything that a code generator needs.
//
// Owns: two members that it adds to each method: the exact schema of its messages, and their defaults. Without them, a
// manifest does not contain the fields of nested messages, and uses one name for several types. Readers of plain manifests
// ignore these two members.

import { contractManifest } from "../native/contracts.js";
import { defaultsOf } from "../schema/defaults.js";
import { describe } from "../schema/descriptor.js";
import { type Service, serviceDefinition, serviceDocument } from "../schema/service.js";
import { withDeclaredForms } from "../service/declared-forms.js";
import type { Manifest } from "../service/manifest-types.js";

/** Makes the manifest of a service with `schema` and `defaults` for each method. */
export function describedManifest(service: Service): Manifest {
  const { methods, types } = serviceDefinition(service);
  // Throws when there is no contract id. Its error text explains the reason.
  void service.contractId;
  const manifest = contractManifest(serviceDocument(service)) as Manifest;
  const described = manifest.methods.map((method) => {
    const definition = methods.find(({ wireName }) => wireName === method.name);
    if (definition === undefined) return method;
    const reached = describe([definition.request, definition.response], types);
    const { types: words, roots } = reached.descriptor;
    const schema = { types: withDeclaredForms(words, reached.types), roots };
    return { ...method, schema, defaults: defaultsOf(reached.types) };
  });
  return { ...manifest, methods: described } as Manifest;
}
