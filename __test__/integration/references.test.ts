// Shared references and cycles in calls between two nodes: unary and streams, in both directions.

import {
  AsterClient,
  AsterServer,
  bidiStream,
  implement,
  message,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Person } from "./fixtures/person.ts";

const Town = message(
  "graph.v1/Town",
  { people: t.list(Person), mayor: t.shared(Person), houses: t.map(t.string, t.list(Person)), notes: t.any },
  { refs: true },
);

const People = service(
  "People",
  { version: 1 },
  {
    swap: unary(Person, Person),
    town: unary(Person, Town),
    walk: serverStream(Person, Person),
    echo: bidiStream(Town, Town),
  },
);

function pair(): Person {
  const ada = Person.of({ name: "Ada", friends: [], partner: null });
  const ben = Person.of({ name: "Ben", friends: [ada, ada], partner: ada });
  ada.partner = ben;
  ada.friends = [ben, ada];
  return ada;
}

/** Checks that a received graph is the graph of `pair`, with the same object identities. */
function expectPair(ada: Person): void {
  const ben = ada.partner as Person;
  expect([ada.name, ben.name]).toEqual(["Ada", "Ben"]);
  expect(ben.partner).toBe(ada);
  expect(ada.friends[0]).toBe(ben);
  expect(ada.friends[1]).toBe(ada);
  expect(ben.friends[0]).toBe(ada);
  expect(ben.friends[1]).toBe(ada);
}

let server: AsterServer;
let client: AsterClient;

beforeAll(async () => {
  server = await AsterServer.start({
    services: [
      implement(People, {
        async swap(person) {
          expectPair(person);
          return person.partner as Person;
        },
        async town(person) {
          const ben = person.partner as Person;
          return {
            people: [person, ben],
            mayor: ben,
            houses: { one: person.friends, two: [ben] },
            notes: [ben, [ben]],
          };
        },
        async *walk(person) {
          let at = person;
          for (let step = 0; step < 4; step++) {
            yield at;
            at = at.partner as Person;
          }
        },
        async *echo(towns) {
          for await (const town of towns) yield town;
        },
      }),
    ],
    access: "open",
    bind: "127.0.0.1:0",
    relay: "disabled",
    identity: "ephemeral",
  });
  client = await AsterClient.connect(server.ticket, { bind: "127.0.0.1:0", relay: "disabled" });
});

afterAll(async () => {
  await client.close();
  await server.close();
});

describe("a graph in a call", () => {
  it("arrives at the handler and is returned with its cycle", async () => {
    const ben = await client.stub(People).swap(pair());
    expectPair(ben.partner as Person);
    expect(ben.partner?.partner).toBe(ben);
  });

  it("keeps identity across lists, maps, shared fields and t.any", async () => {
    const town = await client.stub(People).town(pair());
    expect(town.people[1]).toBe(town.mayor);
    expect(town.houses.get("two")?.[0]).toBe(town.mayor);
    expect(town.houses.get("one")?.[0]).toBe(town.mayor);
    expect((town.notes as [Person, [Person]])[0]).toBe(town.mayor);
    expect((town.notes as [Person, [Person]])[1][0]).toBe(town.mayor);
    expectPair(town.people[0] as Person);
  });

  it("is complete in each message of a stream, and a new graph in the next message", async () => {
    const seen: Person[] = [];
    for await (const person of client.stub(People).walk(pair())) seen.push(person);
    expect(seen.map(({ name }) => name)).toEqual(["Ada", "Ben", "Ada", "Ben"]);
    for (const person of seen) expect(person.partner?.partner).toBe(person);
    expect(seen[2]).not.toBe(seen[0]);
  });

  it("works in both directions of a stream", async () => {
    const call = client.stub(People).echo();
    for (let round = 0; round < 3; round++) {
      const ada = pair();
      await call.send({ people: [ada, ada], mayor: ada, houses: new Map(), notes: null });
    }
    await call.end();
    let count = 0;
    for await (const town of call) {
      count++;
      expect(town.people[0]).toBe(town.mayor);
      expect(town.people[1]).toBe(town.mayor);
      expectPair(town.mayor);
    }
    expect(count).toBe(3);
  });

  it("in JSON mode a cycle is refused with its path, before anything is sent", async () => {
    const stub = client.stub(People, { mode: "json" });
    await expect(stub.swap(pair())).rejects.toThrow(
      expect.objectContaining({
        codeName: "INVALID_ARGUMENT",
        message: expect.stringMatching(/partner|friends/),
      }),
    );
  });
});
