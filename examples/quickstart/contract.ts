import { message, service, t, unary } from "aster-rpc";

export class Hello extends message("hello/Hello", { name: t.string }) {}
export class Greeting extends message("hello/Greeting", { text: t.string }) {}
export const Greeter = service("Greeter", { version: 1 }, { greet: unary(Hello, Greeting) });
