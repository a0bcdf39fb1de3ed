import { AsterServer, implement } from "aster-rpc";
import { Greeter } from "./contract.ts";

const greeter = implement(Greeter, { greet: ({ name }) => ({ text: `Hello, ${name}!` }) });
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;
const server = await AsterServer.start({ services: [greeter], access: "open", ...local });
console.log(server.ticket);
