/** Counts how often a call completes in a given time. Every response is awaited, and a failed call ends the count. */
export async function measure(
  call: () => Promise<unknown>,
  { inFlight, ms }: { inFlight: number; ms: number },
): Promise<{ calls: number; perSecond: number }> {
  const round = async (until: number): Promise<number> => {
    let calls = 0;
    while (performance.now() < until) {
      await call();
      calls += 1;
    }
    return calls;
  };
  const rounds = (until: number) => Promise.all(Array.from({ length: inFlight }, () => round(until)));
  await rounds(performance.now() + ms / 5); // warm-up
  const started = performance.now();
  const counts = await rounds(started + ms);
  const calls = counts.reduce((sum, count) => sum + count, 0);
  return { calls, perSecond: Math.round(calls / ((performance.now() - started) / 1000)) };
}
