// The four call patterns as functions.
//
// Owns: the arguments and the result of a call of each pattern. Does not own: the call itself (call.ts), the stream
// objects (streams.ts).

import { throwAtCaller } from "../errors.js";
import { ClientCall } from "./call.js";
import { type CallOptions, type ClientMethod, settingsOf } from "./method.js";
import { bidiCall, FedStream, responseStream } from "./streams.js";
import { pump, sourceOf } from "./upload.js";

/** One request, one response. It rejects, and never throws. */
export function unaryCall(
  method: ClientMethod,
  request: unknown,
  options: CallOptions | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settings = options === undefined ? method.defaults : settingsOf(method.defaults, options);
    new ClientCall(method, settings, resolve, reject).open(request);
  }).then(undefined, throwAtCaller);
}

/** Many requests, one response. It opens immediately, so its deadline starts now. It rejects, and never throws. */
function uploadCall(
  method: ClientMethod,
  items: unknown,
  options: CallOptions | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const source = sourceOf(items);
    const call = new ClientCall(method, settingsOf(method.defaults, options), resolve, reject);
    call.open(undefined);
    void pump(call, source);
  }).then(undefined, throwAtCaller);
}

/** A call of any pattern, with its input as one value or iterable: what interceptors end in. */
export function anyCall(method: ClientMethod, input: unknown, options: CallOptions | undefined): unknown {
  if (method.responseStream) {
    return method.requestStream
      ? new FedStream(method, input, options)
      : responseStream(method, input, options);
  }
  return method.requestStream ? uploadCall(method, input, options) : unaryCall(method, input, options);
}

/** The function of a method without interceptors. */
export function directMethod(method: ClientMethod): unknown {
  if (method.responseStream) {
    if (method.requestStream) return (options?: CallOptions) => bidiCall(method, options);
    return (request: unknown, options?: CallOptions) => responseStream(method, request, options);
  }
  if (method.requestStream)
    return (items: unknown, options?: CallOptions) => uploadCall(method, items, options);
  return (request: unknown, options?: CallOptions) => unaryCall(method, request, options);
}
