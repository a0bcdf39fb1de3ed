// Recorded calls, made again or answered again.
//
// Owns: comparing outcomes, and the handlers that answer from a recording. Does not own: the file (record.ts).

import { AsterError, Code } from "../errors.js";
import type { AsterClient } from "../node/aster-client.js";
import { text } from "../options.js";
import type { MethodDefinition } from "../schema/method.js";
import { type Service, serviceDefinition } from "../schema/service.js";
import { type Implementation, implement } from "../server/implement.js";
import { type RecordedCall, readRecording } from "./record.js";
import { canonical, fromRecorded, toRecorded } from "./recorded-values.js";

/**
 * A call that ended otherwise than in the recording.
 *
 * @example
 * const line = ({ call, was, is }: Difference): string => `${call.method}: ${was} before, ${is} now`;
 * console.log(typeof line);
 */
export interface Difference {
  readonly call: RecordedCall;
  /** The outcome in the recording: the name of a code, and the responses. */
  readonly was: string;
  /** The outcome now. */
  readonly is: string;
}

/**
 * Reads a file that {@link record} wrote.
 *
 * @example
 * const compare = async (file: string): Promise<number> => {
 *   const differences = await replay(file).run(client, [Billing]);
 *   for (const { call, was, is } of differences) console.log(call.method, was, is);
 *   return differences.length;
 * };
 * @throws {TypeError} when the file is no recording
 */
export function replay(file: string): Replay {
  return new Replay(readRecording(text(file, "file")));
}

/**
 * Recorded calls. Made by {@link replay}.
 *
 * @example
 * const recorded = (tape: Replay): Implementation => tape.implement(Billing);
 */
export class Replay {
  /** The calls, in the order in which they began. */
  readonly calls: readonly RecordedCall[];

  /** @internal */
  constructor(calls: readonly RecordedCall[]) {
    this.calls = calls;
  }

  /**
   * Makes the recorded calls again, one after another, and compares codes and responses. Calls of other services, and calls
   * whose recording has no end, are left out. Masked values are sent as they are in the file.
   */
  async run(client: AsterClient, services: readonly Service[]): Promise<readonly Difference[]> {
    const differences: Difference[] = [];
    for (const call of this.calls) {
      const service = services.find((one) => one.name === call.service && one.version === call.version);
      const method = service && methodOf(service, call.method);
      if (service === undefined || method === undefined || call.code === null) continue;
      const functions = client.stub(service) as Readonly<Record<string, (...args: unknown[]) => unknown>>;
      const made = functions[method.key];
      if (made === undefined) continue;
      const was = outcome(call.code, call.responses);
      const is = await madeAgain(made, method, call);
      if (was !== is) differences.push({ call, was, is });
    }
    return differences;
  }

  /**
   * A service that answers as in the recording, for tests of its clients: the same requests get the same responses and errors,
   * in the recorded order. Other requests get NOT_FOUND with reason `NOT_RECORDED`.
   */
  implement<M>(service: Service<M>): Implementation {
    const { name, version } = service;
    const open = this.calls.filter(
      (call) => call.service === name && call.version === version && call.code !== null,
    );
    const take = (method: string, requests: readonly unknown[]): RecordedCall => {
      const isSame = (call: RecordedCall) =>
        call.method === method && canonical(call.requests) === canonical(requests.map(writer(call)));
      const at = open.findIndex(isSame);
      const [found] = at === -1 ? [] : open.splice(at, 1);
      if (found !== undefined) return found;
      throw new AsterError(Code.NOT_FOUND, `no such call of ${method} was recorded`, {
        reason: "NOT_RECORDED",
      });
    };
    const handlers = serviceDefinition(service).methods.map((method) => [
      method.key,
      handlerOf(method, take),
    ]);
    return implement(service, Object.fromEntries(handlers) as never);
  }
}

/** Writes messages as the recording of a call did, with its mask. */
function writer({ masked }: RecordedCall): (message: unknown) => unknown {
  const names = new Set(masked);
  return (message) => toRecorded(message, names);
}

function methodOf(service: Service, wireName: string): MethodDefinition | undefined {
  return serviceDefinition(service).methods.find((method) => method.wireName === wireName);
}

function outcome(code: number, responses: readonly unknown[]): string {
  const name = code === 0 ? "OK" : new AsterError(code as Code, "").codeName;
  return `${name} ${canonical(responses)}`;
}

async function madeAgain(
  made: (...args: unknown[]) => unknown,
  { pattern }: MethodDefinition,
  call: RecordedCall,
): Promise<string> {
  const responses: unknown[] = [];
  const written = writer(call);
  const { metadata } = call;
  const requests = call.requests.map(fromRecorded);
  try {
    if (pattern === "unary") responses.push(written(await made(requests[0], { metadata })));
    else if (pattern === "clientStream") responses.push(written(await made(requests, { metadata })));
    else if (pattern === "serverStream") {
      for await (const response of made(requests[0], { metadata }) as AsyncIterable<unknown>)
        responses.push(written(response));
    } else
      await converse(made({ metadata }) as Conversation, requests, (one) => responses.push(written(one)));
    return outcome(0, responses);
  } catch (error) {
    return outcome(AsterError.from(error).code, responses);
  }
}

interface Conversation extends AsyncIterable<unknown> {
  send(message: unknown): Promise<void>;
  end(): Promise<void>;
}

async function converse(
  chat: Conversation,
  requests: unknown[],
  told: (response: unknown) => void,
): Promise<void> {
  const sending = (async () => {
    for (const request of requests) await chat.send(request);
    await chat.end();
  })();
  sending.catch(() => {}); // next() tells the failure, too
  for await (const response of chat) told(response);
  await sending;
}

type Take = (method: string, requests: readonly unknown[]) => RecordedCall;

function handlerOf({ wireName, pattern }: MethodDefinition, take: Take): unknown {
  const found = async (input: unknown): Promise<RecordedCall> => {
    if (pattern === "unary" || pattern === "serverStream") return take(wireName, [input]);
    const requests: unknown[] = [];
    for await (const request of input as AsyncIterable<unknown>) requests.push(request);
    return take(wireName, requests);
  };
  if (pattern === "unary" || pattern === "clientStream") {
    return async (input: unknown) => {
      const call = await found(input);
      failAs(call);
      return fromRecorded(call.responses[0]);
    };
  }
  return async function* (input: unknown) {
    const call = await found(input);
    for (const response of call.responses) yield fromRecorded(response);
    failAs(call);
  };
}

function failAs({ code, message, details }: RecordedCall): void {
  if (code === 0 || code === null) return;
  throw new AsterError(code as Code, message, { details });
}
