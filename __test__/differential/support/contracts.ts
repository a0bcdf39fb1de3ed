// Random services, declared in TypeScript and in Python: the same contract id, canonical bytes and manifest.

import { bidiStream, clientStream, type Mode, serverStream, service, t, unary } from "aster-rpc";
import { Random } from "../../fuzz/support/random.ts";
import { type Loose, makeWorld, schemasOf, type Type, type World } from "../../fuzz/support/types.ts";
import { differ } from "./compare.ts";
import type { Reference } from "./python.ts";

/** The module of the classes in `echo.py`. It is part of types whose tags have no namespace, and of cycles. */
const MODULE = "differential_world";

/** A service in the notation from which both sides make theirs. */
export interface ServiceType {
  readonly name: string;
  readonly version: number;
  readonly scope: "shared" | "session";
  readonly modes: readonly Mode[];
  readonly methods: readonly MethodType[];
}

const patterns = { unary, serverStream, clientStream, bidiStream };

interface MethodType {
  readonly name: string;
  readonly pattern: keyof typeof patterns;
  readonly request: Type;
  readonly response: Type;
  readonly idempotent: boolean;
  readonly timeoutMs: number | null;
}

/** The contract of a service, as one side computes it. */
export interface Contract {
  readonly contractId: string;
  /** The ids without response types, which a stub also accepts. */
  readonly open: readonly string[];
  readonly canonical: string;
  readonly manifest: unknown;
}

const SCALARS = ["string", "int", "float", "bool", "bytes", "anyList", "anyMap"];
const NAMES = ["Echo", "billing", "Größe", "名前", "A1_b", "x".repeat(80)];
const METHODS = ["get", "Put", "list_all", "größe", "名", "a1", "Z", "é", "do_it_now", "e\u0301x"];

function withoutRecursion(type: World[number]): World[number] {
  if (type.kind === "enum") return type;
  return { ...type, fields: type.fields.filter(({ name }) => name !== "next" && name !== "later") };
}

function rootType(random: Random, world: World, nullable: boolean): Type {
  const messages = world.filter(({ kind }) => kind === "message");
  const type = random.once(6) ? random.pick(SCALARS) : { message: random.pick(messages).tag };
  return nullable && random.once(6) ? { optional: type } : type;
}

function makeMethod(random: Random, world: World, name: string): MethodType {
  const pattern = random.pick(["unary", "serverStream", "clientStream", "bidiStream"] as const);
  const single = pattern === "unary" || pattern === "clientStream";
  return {
    name,
    pattern,
    request: rootType(random, world, false),
    response: rootType(random, world, single),
    idempotent: single && random.once(3),
    timeoutMs: random.once(3) ? random.pick([1, 30_000, 7500, 1234.5, 86_400_000]) : null,
  };
}

function makeService(random: Random, world: World, modes: readonly Mode[]): ServiceType {
  const names = new Set(Array.from({ length: random.below(7) }, () => random.pick(METHODS)));
  return {
    name: random.pick(NAMES),
    version: random.pick([1, 1, 2, 100, 2 ** 31 - 1]),
    scope: random.once(4) ? "session" : "shared",
    modes,
    methods: [...names].map((name) => makeMethod(random, world, name)),
  };
}

function ours(schemas: ReadonlyMap<string, Loose>, type: ServiceType): Contract {
  const schemaOf = (part: Type): Loose => {
    if (typeof part === "string") return (t as Loose)[part];
    if ("optional" in part) return t.optional(schemaOf(part.optional));
    return schemas.get((part as { message: string }).message);
  };
  const methods = type.methods.map(({ name, pattern, request, response, idempotent, timeoutMs }, index) => {
    const options = {
      name,
      ...(idempotent ? { idempotent } : {}),
      ...(timeoutMs === null ? {} : { timeoutMs }),
    };
    return [`m${index}`, patterns[pattern](schemaOf(request), schemaOf(response), options)];
  });
  const { name, version, scope, modes } = type;
  const made = service(name, { version, scope, modes }, Object.fromEntries(methods));
  return {
    contractId: made.contractId,
    open: (made as Loose).facts.openContractIds,
    canonical: Buffer.from(made.contractBytes()).toString("hex"),
    manifest: made.manifest(),
  };
}

/**
 * Compares the contracts of random services over one random world. Returns the number of services.
 * @throws at the first difference, with everything that is needed to repeat it
 */
export async function compareContracts(reference: Reference, seed: number, count: number): Promise<number> {
  const random = new Random(seed);
  // The reference does not end for types that contain themselves in a service that declares XLANG.
  const recursive = random.once(2);
  const made = makeWorld(random, { mutual: true });
  const world = recursive ? made : made.map(withoutRecursion);
  const modes = random.pick<readonly Mode[]>(
    recursive
      ? [["json"], ["row", "json"], ["native"]]
      : [["xlang"], ["xlang", "json"], ["native", "json", "xlang", "row"]],
  );
  const services = Array.from({ length: count }, () => makeService(random, world, modes));
  const schemas = schemasOf(world, MODULE);
  const theirs = await reference.contracts({ world, services });
  for (const [index, type] of services.entries()) {
    const other = theirs[index] as Contract;
    // Python may have fewer ids, when two ways to leave out types give the same id.
    const open = new Set(other.open.filter((id) => id !== other.contractId));
    const [here, there] = [ours(schemas, type), { ...other, open: [...open] }].map((one) =>
      JSON.stringify(one),
    );
    if (here !== there)
      differ(
        { seed, world },
        `a different contract for ${JSON.stringify(type)}`,
        "",
        here ?? "",
        there ?? "",
      );
  }
  return services.length;
}
