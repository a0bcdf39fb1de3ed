/** Compile-time tests of `t.js`: the types of validators are the types of requests and responses. */

import { type } from "arktype";
import {
  type AsterClient,
  type Infer,
  type InferInput,
  implement,
  message,
  service,
  t,
  unary,
} from "aster-rpc";
import * as v from "valibot";
import * as z from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_ extends true>(): void => {};

const Zod = t.js(z.object({ name: z.string(), tags: z.array(z.string()).default([]) }));
same<Same<Infer<typeof Zod>, { name: string; tags: string[] }>>();
same<Same<InferInput<typeof Zod>, { name: string; tags?: string[] | undefined }>>();

const Valibot = t.js(v.object({ at: v.date(), size: v.optional(v.bigint()) }));
same<Same<Infer<typeof Valibot>["at"], Date>>();
same<Same<Infer<typeof Valibot>["size"], bigint | undefined>>();

const Arktype = t.js(type({ count: "number", "note?": "string" }));
same<Same<Infer<typeof Arktype>["count"], number>>();
same<Same<Infer<typeof Arktype>["note"], string | undefined>>();

const Length = t.js(z.string().transform((text) => text.length));
same<Same<InferInput<typeof Length>, string>>();
same<Same<Infer<typeof Length>, number>>();

same<Same<Infer<typeof t.js>, unknown>>();
const Holder = message("types/Holder", {
  any: t.js,
  one: Zod,
  many: t.list(Length),
  maybe: t.optional(t.js),
});
same<Same<Infer<typeof Holder>["many"], number[]>>();
Holder.encode({ any: undefined, one: { name: "x" }, many: ["a"] });
// @ts-expect-error the input of the validator is a string
Holder.encode({ any: 1, one: { name: "x" }, many: [1] });
// @ts-expect-error not a validator
t.js({ validate: () => true });

const Users = service("Users", { modes: ["native"] }, { add: unary(Zod, Arktype), any: unary(t.js, t.js) });
implement(Users, {
  add: ({ name, tags }) => ({ count: tags.length, note: name }),
  any: (value) => value,
});
// @ts-expect-error the response of `add` has a count
implement(Users, { add: () => ({ note: "x" }), any: () => 1 });

export async function calls(client: AsterClient): Promise<number> {
  const users = client.stub(Users);
  // @ts-expect-error the name is a string
  await users.add({ name: 1 });
  return (await users.add({ name: "x" })).count;
}
