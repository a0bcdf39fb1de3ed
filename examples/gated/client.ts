// A client with the identity of a file:
//   node examples/gated/client.ts aster1... ada.aster-identity
import { AsterClient, AsterError } from "aster-rpc";
import { Board } from "./contract.ts";

const [ticket = "", identityFile = ".aster-identity"] = process.argv.slice(2);
try {
  const client = await AsterClient.connect(ticket, { credential: { identityFile }, relay: "disabled" });
  const { roles, expiresAt } = client.admission;
  console.log("roles   ", [...roles].join(", "), "until", expiresAt?.toISOString());
  const board = client.stub(Board);
  await show("pin     ", () => board.pin({ text: "lunch at noon", by: "" }));
  await show("read    ", () => board.read({}));
  await client.close();
} catch (error) {
  console.log("refused ", AsterError.from(error).reason);
}

async function show(what: string, call: () => Promise<{ text: string; by: string }>): Promise<void> {
  try {
    const { text, by } = await call();
    console.log(what, `${text} (${by})`);
  } catch (error) {
    const { codeName, reason, details } = AsterError.from(error);
    console.log(what, codeName, reason, `requires ${details.get("requires")}`);
  }
}
