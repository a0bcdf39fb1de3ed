/** Starts the worker. On Node 20 a thread does not inherit the loader of its parent, so it registers the loader itself. */
import process from "node:process";

if (!process.features.typescript) {
  const { register } = await import("tsx/esm/api");
  register();
}
await import("./worker.ts");
