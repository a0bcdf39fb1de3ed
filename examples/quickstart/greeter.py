"""The Greeter of contract.ts in Python: the same tags, names and types, so the same contract id."""
import asyncio
import sys
from dataclasses import dataclass

from aster import AsterClient, rpc, service, wire_type


@wire_type("hello/Hello")
@dataclass
class Hello:
    name: str = ""


@wire_type("hello/Greeting")
@dataclass
class Greeting:
    text: str = ""


@service(name="Greeter", version=1)
class Greeter:
    @rpc
    async def greet(self, req: Hello) -> Greeting:
        return Greeting(text=f"Hello, {req.name}!")


async def main():
    client = AsterClient(address=sys.argv[1])
    await client.connect()
    greeter = await client.client(Greeter)
    print((await greeter.greet(Hello(name="Ada"))).text)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
