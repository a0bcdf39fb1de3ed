/** Compile-time tests of the class form: decorators accept only members whose types match their schemas. */

import {
  type AsterClient,
  bidiStream,
  clientStream,
  field,
  rpc,
  serverStream,
  service,
  serviceOf,
  t,
  wireType,
} from "aster-rpc";

@wireType("c/Hello")
class Hello {
  @field(t.string) name = "";
  @field(t.optional(t.string)) title: string | null = null;
  @field(t.list(t.string)) tags: string[] = [];
  @field(t.int) count: number = 1;
  // A wider type accepts every decoded value, and is checked when it is encoded.
  @field(t.enum("c/Color", ["RED", "GREEN"])) color: "RED" | "GREEN" = "RED";
  @field(t.list(t.ref(() => Hello))) others: Hello[] = [];
}

export class Wrong {
  // @ts-expect-error decoding may return null
  @field(t.optional(t.string)) title: string = "x";
  // @ts-expect-error a bigint is not a number
  @field(t.int) count: bigint = 5n;
  // @ts-expect-error another element type
  @field(t.list(t.string)) tags: number[] = [];
  // @ts-expect-error encoding accepts only two of all strings
  @field(t.enum("c/Color", ["RED", "GREEN"])) color: string = "RED";
  // @ts-expect-error an accessor cannot be decoded
  @field(t.int) accessor size = 1;
  // @ts-expect-error not a schema
  @field(String) name = "";
}

@wireType("c/Greeting")
class Greeting {
  @field(t.string) text = "";
}

@service("Greeter", { version: 1 })
class Greeter {
  @rpc(Hello, Greeting) async greet(request: Hello): Promise<Greeting> {
    return { text: request.name };
  }
  @serverStream(Hello, Greeting) async *watch(request: Hello): AsyncGenerator<Greeting> {
    yield { text: request.name };
  }
  @clientStream(Hello, Greeting) async upload(requests: AsyncIterable<Hello>): Promise<Greeting> {
    for await (const { name } of requests) return { text: name };
    return { text: "" };
  }
  @bidiStream(Hello, Greeting) async *chat(requests: AsyncIterable<Hello>): AsyncGenerator<Greeting> {
    for await (const { name } of requests) yield { text: name };
  }
  @rpc(Hello, t.optional(Greeting)) find(): Greeting | null {
    return null;
  }
}

export class WrongGreeter {
  // @ts-expect-error request and response are swapped
  @rpc(Greeting, Hello) async greet(request: Hello): Promise<Greeting> {
    return { text: request.name };
  }
  // @ts-expect-error the response must be a stream
  @serverStream(Hello, Greeting) async watch(_: Hello): Promise<Greeting> {
    return { text: "" };
  }
  // @ts-expect-error the requests arrive as a stream
  @clientStream(Hello, Greeting) async upload(request: Hello): Promise<Greeting> {
    return { text: request.name };
  }
  // @ts-expect-error the response must be single
  @rpc(Hello, Greeting) async *one(_: Hello): AsyncGenerator<Greeting> {
    yield { text: "" };
  }
  // @ts-expect-error null is not allowed
  @rpc(Hello, Greeting) async none(_: Hello): Promise<Greeting | null> {
    return null;
  }
}

export async function use(client: AsterClient): Promise<string> {
  const greeter = client.stub(Greeter);
  const { text } = await greeter.greet(new Hello());
  for await (const item of greeter.watch(new Hello())) item.text.trim();
  // The service of a class has the types of its methods, too.
  const again = await client.stub(serviceOf(Greeter)).greet(new Hello());
  // @ts-expect-error another message
  await greeter.greet(new Greeting());
  return text + again.text;
}
