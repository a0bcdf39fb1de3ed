/** Services of one name and version whose definitions differ, as they do between two builds of one program. */
import { implement, message, service, t, unary } from "aster-rpc";

const Text = message("order/Text", { text: t.string });
const Other = message("order/Other", { text: t.string });

const first = unary(Text, Text);
const definitions = {
  same: { first, second: first },
  reordered: { second: first, first },
  shorter: { first },
  retyped: { first: unary(Other, Other), second: first },
};

/** The service. */
export const Order = service("Order", { version: 1 }, definitions.same);

/** An implementation of one of the definitions, whose methods answer with their own names. */
export function order(variant = "same") {
  const methods = definitions[variant];
  const handlers = Object.keys(methods).map((name) => [name, () => ({ text: name })]);
  return implement(service("Order", { version: 1 }, methods), Object.fromEntries(handlers));
}
