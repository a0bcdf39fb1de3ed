"""The client view of the services in the loopback scripts of the reference.

Tags and the names, order and types of fields must equal those of the scripts, because they are part of the wire format.
The methods have no real body, because clients need only the signatures. A stream method must still contain `yield`,
because the decorator rejects it otherwise. `__test__/interop/ref-echo.ts` declares the same services in TypeScript.
"""
import datetime
import enum
from dataclasses import dataclass, field
from typing import Any, AsyncIterator, Dict, List, Optional, Set

from aster import bidi_stream, client_stream, rpc, server_stream, service, wire_type


def tagged(cls):
    """Makes a dataclass whose tag is its class name in the namespace of these services."""
    return wire_type(f"ref.v1/{cls.__name__}")(dataclass(cls))


@wire_type("ref.v1/Color")
class Color(str, enum.Enum):
    RED, GREEN, BLUE = "red", "green", "blue"


@wire_type("ref.v1/Level")
class Level(enum.IntEnum):
    LOW, MID, HIGH = 10, 20, 30


@tagged
class Empty:
    pass


@tagged
class Scalars:
    text: str = ""
    count: int = 0
    ratio: float = 0.0
    flag: bool = False


@tagged
class Address:
    street: str = ""
    city: str = ""
    zip: int = 0


@tagged
class Person:
    name: str = ""
    age: int = 0
    nickname: Optional[str] = None
    home: Address = field(default_factory=Address)
    work: Optional[Address] = None
    past: List[Address] = field(default_factory=list)
    tags: List[str] = field(default_factory=list)
    scores: Dict[str, int] = field(default_factory=dict)
    places: Dict[str, Address] = field(default_factory=dict)
    notes: Optional[List[str]] = None


@tagged
class Painted:
    color: Color = Color.RED
    level: Level = Level.LOW
    maybe: Optional[Color] = None
    palette: List[Color] = field(default_factory=list)
    by_name: Dict[str, Color] = field(default_factory=dict)


@tagged
class Binary:
    label: str = ""
    data: bytes = b""
    chunks: List[bytes] = field(default_factory=list)


@tagged
class Containers:
    ints: List[int] = field(default_factory=list)
    floats: List[float] = field(default_factory=list)
    bools: List[bool] = field(default_factory=list)
    maybe_ints: List[Optional[int]] = field(default_factory=list)
    matrix: List[List[int]] = field(default_factory=list)
    groups: Dict[str, List[int]] = field(default_factory=dict)
    by_number: Dict[int, str] = field(default_factory=dict)
    rates: Dict[str, float] = field(default_factory=dict)
    maybe_int: Optional[int] = None
    maybe_float: Optional[float] = None
    maybe_flag: Optional[bool] = None


@tagged
class Exotic:
    names: Set[str] = field(default_factory=set)
    day: Optional[datetime.date] = None
    at: Optional[datetime.datetime] = None
    anything: Any = None
    bag: dict = field(default_factory=dict)
    seq: list = field(default_factory=list)
    maybe_data: Optional[bytes] = None


@tagged
class Blob:
    text: str = ""


@tagged
class BlobInfo:
    length: int = 0
    checksum: int = 0


@tagged
class MakeBlob:
    length: int = 0
    pattern: str = "x"


@tagged
class FailRequest:
    code: int = 2
    message: str = ""
    kind: str = "rpc"
    after: int = 0


@tagged
class SleepRequest:
    millis: int = 0
    label: str = ""


@tagged
class Ack:
    ok: bool = True
    note: str = ""


@tagged
class CallInfo:
    service: str = ""
    method: str = ""
    peer: str = ""
    call_id: str = ""
    session_id: str = ""
    has_deadline: bool = False
    remaining_millis: int = 0
    metadata: Dict[str, str] = field(default_factory=dict)
    attributes: Dict[str, str] = field(default_factory=dict)


@tagged
class CountRequest:
    n: int = 0
    start: int = 0
    delay_millis: int = 0
    payload: int = 0


@tagged
class Item:
    index: int = 0
    text: str = ""


@tagged
class Number:
    value: int = 0


@tagged
class Sum:
    total: int = 0
    items: int = 0


@service(name="RefEcho", version=1)
class RefEcho:
    @rpc
    async def scalars(self, req: Scalars) -> Scalars: ...

    @rpc
    async def person(self, req: Person) -> Person: ...

    @rpc
    async def painted(self, req: Painted) -> Painted: ...

    @rpc
    async def binary(self, req: Binary) -> Binary: ...

    @rpc
    async def containers(self, req: Containers) -> Containers: ...

    @rpc
    async def exotic(self, req: Exotic) -> Exotic: ...

    @rpc
    async def empty(self, req: Empty) -> Empty: ...

    @rpc
    async def measure(self, req: Blob) -> BlobInfo: ...

    @rpc
    async def make(self, req: MakeBlob) -> Blob: ...

    @rpc
    async def fail(self, req: FailRequest) -> Ack: ...

    @rpc
    async def nothing(self, req: Empty) -> Ack: ...

    @rpc(timeout=7.5, idempotent=True)
    async def sleep(self, req: SleepRequest) -> Ack: ...

    @rpc
    async def whoami(self, req: Empty) -> CallInfo: ...

    @server_stream
    async def count(self, req: CountRequest) -> AsyncIterator[Item]:
        yield Item()

    @server_stream
    async def fail_late(self, req: FailRequest) -> AsyncIterator[Item]:
        yield Item()

    @client_stream
    async def sum(self, reqs: AsyncIterator[Number]) -> Sum: ...

    @client_stream
    async def fail_sum(self, reqs: AsyncIterator[FailRequest]) -> Sum: ...

    @bidi_stream
    async def chat(self, reqs: AsyncIterator[Item]) -> AsyncIterator[Item]:
        yield Item()


@service(name="RefVersioned", version=2)
class RefVersioned:
    @rpc
    async def ping(self, req: Scalars) -> Scalars: ...
