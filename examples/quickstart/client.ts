import { AsterClient } from "aster-rpc";
import { Greeter } from "./contract.ts";

const client = await AsterClient.connect(process.argv[2] ?? "", { relay: "disabled" });
const { text } = await client.stub(Greeter).greet({ name: "Ada" });
console.log(text);
await client.close();
