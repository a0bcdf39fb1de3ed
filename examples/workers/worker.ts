import { parentPort, threadId, workerData } from "node:worker_threads";
import { AsterNode, implement } from "aster-rpc";
import { Primes } from "./contract.ts";

const primes = implement(Primes, {
  count({ below }) {
    const sieve = new Uint8Array(Math.min(below, 1_000_000));
    let count = 0;
    for (let n = 2; n < sieve.length; n += 1) {
      if (sieve[n] === 1) continue;
      count += 1;
      for (let multiple = n * 2; multiple < sieve.length; multiple += n) sieve[multiple] = 1;
    }
    return { below, count, thread: threadId };
  },
});

const node = AsterNode.attach(workerData);
node.serve({ services: [primes], access: "open" });
parentPort?.postMessage("serving");
