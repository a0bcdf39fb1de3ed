// The manifest of a service with everything that a generator needs.
//
// Owns: what each method carries beside the manifest's own members: the schema of its messages, exactly, and
// their defaults. A manifest alone names nested messages without their fields and has one word for many types;
// readers that know only manifests look past the two members.

import { contractManifest } from "../native/contracts.js";
import { defaultsOf } from "../schema/defaults.js";
import { describe } from "../schema/descriptor.js";
import { type Service, serviceDefinition, serviceDocument } from "../schema/service.js";
import type { Manifest } from "./contract-files.js";

/** The manifest of a service, its methods with `schema` and `defaults`. */
export function describedManifest(service: Service): Manifest {
  const { methods, types } = serviceDefinition(service);
  // Asked for first: it says in words when there is none.
  void service.contractId;
  const manifest = contractManifest(serviceDocument(service)) as Manifest;
  const described = manifest.methods.map((told) => {
    const method = methods.find(({ wireName }) => wireName === told.name);
    if (method === undefined) return told;
    const reached = describe([method.request, method.response], types);
    return { ...told, schema: reached.descriptor, defaults: defaultsOf(reached.types) };
  });
  return { ...manifest, methods: described } as Manifest;
}
