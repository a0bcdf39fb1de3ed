/** Compile-time tests of `t.shared`: the type of its content, also in messages that refer to themselves. */

import { type Infer, type InferInput, type Message, message, t } from "aster-rpc";

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
declare function check<_Yes extends true>(): void;

const Person = message("t/Person", { name: t.string, age: t.int.default(0) });
const Team = message(
  "t/Team",
  {
    lead: t.shared(Person),
    deputy: t.optional(t.shared(Person)),
    guest: t.shared(t.optional(Person)),
    tags: t.shared(t.list(t.string)).default([]),
    note: t.shared(t.string).name("remark").describe("a note"),
  },
  { refs: true },
);
interface PersonValue {
  name: string;
  age: number;
}
check<
  Same<
    Infer<typeof Team>,
    {
      lead: PersonValue;
      deputy: PersonValue | null;
      guest: PersonValue | null;
      tags: string[];
      note: string;
    }
  >
>();
const least: InferInput<typeof Team> = { lead: { name: "Ada" }, note: "" };
Team.encode(least);
// @ts-expect-error the lead is required
Team.encode({ note: "" });
// @ts-expect-error and must not be null
Team.encode({ lead: null, note: "" });

// --- Recursion

const Node = message(
  "t/RefNode",
  {
    value: t.int,
    get next() {
      return t.optional(t.shared(Node));
    },
    get previous() {
      return t.shared(t.optional(Node));
    },
    get other() {
      return t.shared(Far);
    },
    get all() {
      return t.list(Node);
    },
  },
  { refs: true },
);
const Far = message("t/Far", {
  get back() {
    return t.optional(t.shared(Node));
  },
});
type Node = Infer<typeof Node>;
const node: Node = { value: 1, next: null, previous: null, other: { back: null }, all: [] };
node.next = node;
node.previous = node.next;
node.other.back = node;
const text: Node[] = node.all;
Node.encode({ value: 1, other: {}, all: [] });
Node.encode({ value: 1, next: { value: 2, other: { back: node }, all: [] }, other: {}, all: [] });
// @ts-expect-error two levels down
Node.encode({ value: 1, next: { value: "2", other: {}, all: [] }, other: {}, all: [] });
const annotated: Message<Node> = Node as unknown as Message<Node>;
// @ts-expect-error the schema is missing
t.shared();
// @ts-expect-error refs must be a boolean
message("t/M", {}, { refs: "yes" });
void [text, annotated];
