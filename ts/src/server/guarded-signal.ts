// Signals whose listeners cannot end the process.
//
// Node reports an error of a listener as an uncaught exception, which ends the process. The listeners of a handler are code
// of one call, so their errors are reported for this call. Does not own: signals of callers, and signals that a program makes
// from this one.

type Handle = (event: Event) => unknown;
type Listener = Handle | { handleEvent: Handle } | null;
type Options =
  | boolean
  | { readonly capture?: boolean; readonly once?: boolean; readonly signal?: AbortSignal };

/**
 * Changes a signal so that errors of its listeners, and rejections of asynchronous ones, go to `report`.
 * @param report must not throw
 */
export function guardListeners(signal: AbortSignal, report: (error: unknown) => void): void {
  const guarded = new WeakMap<object, (event: Event) => void>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  let onabort: Handle | null = null;

  const guard = (listener: NonNullable<Listener>): ((event: Event) => void) => {
    let known = guarded.get(listener);
    if (known === undefined) {
      known = (event) => {
        try {
          const result: unknown =
            typeof listener === "function" ? listener.call(signal, event) : listener.handleEvent(event);
          if (result instanceof Promise) result.then(undefined, report);
        } catch (error) {
          report(error);
        }
      };
      guarded.set(listener, known);
    }
    return known;
  };
  const own = (value: unknown): PropertyDescriptor => ({ value, configurable: true, writable: true });
  Object.defineProperties(signal, {
    addEventListener: own((type: string, listener: Listener, options?: Options) => {
      if (listener !== null) add(type, guard(listener), options);
    }),
    removeEventListener: own((type: string, listener: Listener, options?: Options) => {
      const known = listener === null ? undefined : guarded.get(listener);
      if (known !== undefined) remove(type, known, options);
    }),
    onabort: {
      configurable: true,
      get: () => onabort,
      set: (listener: unknown) => {
        if (onabort !== null) remove("abort", guard(onabort));
        onabort = typeof listener === "function" ? (listener as Handle) : null;
        if (onabort !== null) add("abort", guard(onabort));
      },
    },
  });
}
