import { message, service, t, unary } from "../../dist/index.js";

const Text = message("bench/Text", { text: t.string });

/** A session service with one method. */
export const Counter = service("Counter", { scope: "session" }, { count: unary(Text, Text) });
