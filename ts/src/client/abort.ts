// Calls that end when a user's AbortSignal aborts.
//
// Owns: one listener for each signal. All calls with that signal share it, because Node warns at eleven listeners. The
// listener is removed with the last call. Does not own: the effect of an abort on a call (call.ts).

/** A call that ends when its signal aborts. */
export interface Abortable {
  abort(signal: AbortSignal): void;
}

interface Group {
  readonly calls: Set<Abortable>;
  readonly listener: () => void;
}

const groups = new WeakMap<AbortSignal, Group>();

/** Calls `call.abort` when the signal aborts, until {@link unlisten}. The signal must not be aborted yet. */
export function listen(signal: AbortSignal, call: Abortable): void {
  let group = groups.get(signal);
  if (group === undefined) {
    group = newGroup(signal);
    groups.set(signal, group);
  }
  group.calls.add(call);
}

/** Removes a call, which has ended. */
export function unlisten(signal: AbortSignal, call: Abortable): void {
  const group = groups.get(signal);
  if (group === undefined || !group.calls.delete(call) || group.calls.size > 0) return;
  groups.delete(signal);
  try {
    signal.removeEventListener("abort", group.listener);
  } catch {
    // The signal is an object of the user. The call has ended and must be settled.
  }
}

/** The reason of a signal. Undefined when it cannot be read, because the signal is an object of the user. */
export function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch {
    return undefined;
  }
}

function newGroup(signal: AbortSignal): Group {
  const calls = new Set<Abortable>();
  const listener = (): void => {
    groups.delete(signal);
    for (const call of [...calls]) call.abort(signal);
  };
  signal.addEventListener("abort", listener, { once: true });
  return { calls, listener };
}
