/** A client project. It reads the named messages, methods and recursive types of the contract from `.d.ts` files only. */
import { type AsterClient, type InferInput, implement } from "aster-rpc";
import { Choice, Folder, Line, type Order, Shop, type ShopStub } from "../contract/index.js";

export async function run(client: AsterClient): Promise<string> {
  const shop: ShopStub = client.stub(Shop);
  const orders = await shop.list({ id: "a" });
  const twice: number = orders.items[0]?.lines[0]?.twice ?? 0;
  const order: Order | null = await shop.get({ id: "a" });
  const names: string[] = [];
  for await (const folder of shop.walk({ id: "a" })) {
    names.push(folder.folders[0]?.owner?.home?.folders[0]?.owner?.name ?? "");
    // @ts-expect-error a misspelt member, three levels deep
    folder.folders[0]?.owner?.nmae;
  }
  return `${twice} ${order?.note} ${names.join()}`;
}

const input: InferInput<typeof Folder> = { name: "/", folders: [{ name: "a", folders: [] }] };
Folder.encode(input);
// @ts-expect-error a name of the wrong type, two levels deep
Folder.encode({ name: "/", folders: [{ name: 1, folders: [] }] });

export function describe({ either }: InstanceType<typeof Choice>): string {
  return Line.is(either) ? either.article : either.orderId;
}
// @ts-expect-error a plain object does not identify the member of the union
Choice.encode({ either: { article: "a", quantity: 1 }, any: null });

export const implementation = implement(Shop, {
  list: () => ({ items: [{ orderId: "a", lines: [{ article: "b" }] }] }),
  // @ts-expect-error a misspelt member
  get: () => ({ orderId: "a", lines: [], noet: "" }),
  async *walk({ id }) {
    yield { name: id, folders: [], owner: { name: "Ada" } };
  },
});
