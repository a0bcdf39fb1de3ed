/** Ten thousand sessions at once, on two connections. Only with `npm run test:full`; the usual run has a thousand. */
import { AsterClient, AsterServer, generateSecretKey } from "aster-rpc";
import { ledger } from "aster-rpc/testing";
import { expect, it } from "vitest";
import { fresh, local } from "../boundary/support/probe.mjs";
import { SessionProbe, sessionProbe } from "./support/session-probe.mjs";

const MANY = process.env.ASTER_TEST_FULL === "1" ? 10_000 : 1000;

it("many sessions are open at once, each answers, and all end once", async () => {
  const books = ledger();
  const server = await AsterServer.start({
    ...fresh,
    services: [sessionProbe()],
    access: "open",
    interceptors: [books.server],
    limits: { maxSessions: MANY / 2 },
  });
  const connect = () =>
    AsterClient.connect(server.ticket, {
      ...local,
      secretKey: generateSecretKey(),
      interceptors: [books.client],
    });
  const clients = [await connect(), await connect()];
  const sessions = await Promise.all(
    Array.from({ length: MANY }, (_, at) => (clients[at % 2] as AsterClient).session(SessionProbe)),
  );
  const answers = await Promise.all(sessions.map((session, id) => session.echo({ id })));
  expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: MANY }, (_, id) => id));
  const over = (await clients[0]?.session(SessionProbe)) as (typeof sessions)[0];
  await expect(over.echo({ id: 0 })).rejects.toMatchObject({ codeName: "RESOURCE_EXHAUSTED", notSent: true });
  await Promise.all(sessions.map((session) => session.close()));
  const ends = await Promise.all(sessions.map(({ closed }) => closed));
  expect(ends.filter(({ by, lastFinishedCall }) => by !== "client" || lastFinishedCall !== 1)).toEqual([]);
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
  expect(books.entries.filter(({ event }) => event === "sessionEnded")).toHaveLength(MANY);
  expect(books.check().slice(0, 3)).toEqual([]);
}, 240_000);
