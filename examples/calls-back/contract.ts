/** Two services: the dispatcher of a company, and the workers that its own machines offer to it. */
import { clientStream, message, serverStream, service, t, unary } from "aster-rpc";

export class Job extends message("dispatch/Job", { pages: t.int }) {}
export class Done extends message("dispatch/Done", { printed: t.int }) {}
export class Page extends message("dispatch/Page", { number: t.int }) {}
export class Ready extends message("dispatch/Ready", { name: t.string }) {}
export class Shift extends message("dispatch/Shift", { jobs: t.int }) {}

/** Served by the dispatcher, which everybody can reach. */
export const Dispatcher = service("Dispatcher", { version: 1 }, { work: unary(Ready, Shift) });

/** Served by the workers, which sit behind NATs. The dispatcher calls them over the connections that they opened. */
export const Printer = service(
  "Printer",
  { version: 1 },
  { print: unary(Job, Done), watch: serverStream(Job, Page), load: clientStream(Page, Done) },
);
