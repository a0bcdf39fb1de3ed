// Calls that end when a user's AbortSignal aborts.
//
// Owns: one listener for each signal, however many calls share it (Node warns at the eleventh), and none when no
// call is left. Does not own: what an abort means to a call (call.ts).

/** Something that an aborted signal ends. */
export interface Abortable {
  abort(signal: AbortSignal): void;
}

interface Group {
  readonly calls: Set<Abortable>;
  readonly listener: () => void;
}

const groups = new WeakMap<AbortSignal, Group>();

/** Ends the call when the signal aborts, until {@link unlisten}. The signal has not aborted yet. */
export function listen(signal: AbortSignal, call: Abortable): void {
  let group = groups.get(signal);
  if (group === undefined) {
    group = newGroup(signal);
    groups.set(signal, group);
  }
  group.calls.add(call);
}

/** The call does not care any more. */
export function unlisten(signal: AbortSignal, call: Abortable): void {
  const group = groups.get(signal);
  if (group === undefined || !group.calls.delete(call) || group.calls.size > 0) return;
  groups.delete(signal);
  signal.removeEventListener("abort", group.listener);
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
