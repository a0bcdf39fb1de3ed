import { message, service, t, unary } from "aster-rpc";

export const Question = message("primes/Question", { below: t.int });
export const Answer = message("primes/Answer", { below: t.int, count: t.int, thread: t.int });
export const Primes = service("Primes", { version: 1 }, { count: unary(Question, Answer) });
