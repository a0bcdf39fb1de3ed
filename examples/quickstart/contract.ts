import { message, service, t, unary } from "aster-rpc";

export const Hello = message("hello/Hello", { name: t.string });
export const Greeting = message("hello/Greeting", { text: t.string });
export const Greeter = service("Greeter", { version: 1 }, { greet: unary(Hello, Greeting) });
