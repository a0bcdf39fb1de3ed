"""The Lab service in Python: messages and handlers that test difficult cases of a codec.

`__test__/interop/lab/contract.ts` declares the same types. Tags and the names, order and types of fields are part of the
wire format, so change both files together.
"""
import asyncio
import datetime
import enum
from dataclasses import dataclass, field
from typing import Any, AsyncIterator, Dict, List, Optional, Set

import pyfory
from aster import RpcError, StatusCode, bidi_stream, client_stream, rpc, server_stream, service, wire_type

from call_context import current_call


@wire_type("lab.v1/Hue")
class Hue(str, enum.Enum):
    RED = "red"
    DEEP_BLUE = "deep-blue"
    GREEN = "green"


@wire_type("lab.v1/Rank")
class Rank(enum.IntEnum):
    LOW = 1
    HIGH = 9


@wire_type("lab.v1/Kinds")
@dataclass
class Kinds:
    """One field of each scalar type."""

    flag: bool = False
    tiny: pyfory.int8 = 0
    small: pyfory.int16 = 0
    medium: pyfory.int32 = 0
    wide: int = 0
    fixed_medium: pyfory.fixed_int32 = 0
    fixed_wide: pyfory.fixed_int64 = 0
    tagged_wide: pyfory.tagged_int64 = 0
    u_tiny: pyfory.uint8 = 0
    u_small: pyfory.uint16 = 0
    u_medium: pyfory.uint32 = 0
    u_wide: pyfory.uint64 = 0
    single: pyfory.float32 = 0.0
    double: float = 0.0
    text: str = ""
    data: bytes = b""


@wire_type("lab.v1/Moments")
@dataclass
class Moments:
    day: Optional[datetime.date] = None
    at: Optional[datetime.datetime] = None


@wire_type("lab.v1/Point")
@dataclass
class Point:
    x: int = 0
    y: int = 0


@wire_type("lab.v1/Shape")
@dataclass
class Shape:
    """Nested messages and containers. JSON can encode every field too."""

    name: str = ""
    origin: Point = field(default_factory=Point)
    centre: Optional[Point] = None
    corners: List[Point] = field(default_factory=list)
    labels: List[str] = field(default_factory=list)
    weights: List[float] = field(default_factory=list)
    gaps: List[Optional[int]] = field(default_factory=list)
    grid: List[List[int]] = field(default_factory=list)
    counts: Dict[str, int] = field(default_factory=dict)
    places: Dict[str, Point] = field(default_factory=dict)
    routes: Dict[str, List[str]] = field(default_factory=dict)
    remark: Optional[str] = None
    limit: Optional[int] = None
    ratio: Optional[float] = None
    visible: Optional[bool] = None
    lineNumber2: int = 0


@wire_type("lab.v1/Numbered")
@dataclass
class Numbered:
    """Types that JSON cannot encode: map keys that are not strings, sets, and lists of bytes."""

    names: Dict[int, str] = field(default_factory=dict)
    tags: Set[str] = field(default_factory=set)
    primes: Set[int] = field(default_factory=set)
    chunks: List[bytes] = field(default_factory=list)


@wire_type("lab.v1/Paint")
@dataclass
class Paint:
    hue: Hue = Hue.RED
    rank: Rank = Rank.LOW
    second: Optional[Hue] = None
    others: List[Hue] = field(default_factory=list)
    by_name: Dict[str, Hue] = field(default_factory=dict)


@wire_type("lab.v1/Bag")
@dataclass
class Bag:
    thing: Any = None
    items: list = field(default_factory=list)
    pairs: dict = field(default_factory=dict)


@wire_type("lab.v1/Nothing")
@dataclass
class Nothing:
    pass


@wire_type("lab.v1/Text")
@dataclass
class Text:
    text: str = ""


@wire_type("lab.v1/Order")
@dataclass
class Order:
    """Instructions for a handler: how many items to send and their size, how long to wait, and whether to fail."""

    count: int = 0
    size: int = 0
    wait_millis: int = 0
    code: int = 0
    words: str = ""


@wire_type("lab.v1/Chunk")
@dataclass
class Chunk:
    index: int = 0
    body: str = ""


@wire_type("lab.v1/Total")
@dataclass
class Total:
    items: int = 0
    characters: int = 0
    in_order: bool = True


@wire_type("lab.v1/Seen")
@dataclass
class Seen:
    """The parts of the call context that the handler can read."""

    metadata: Dict[str, str] = field(default_factory=dict)
    has_deadline: bool = False
    remaining_millis: int = 0
    peer: str = ""


def fail(order: Order):
    if order.code == 0:
        raise ValueError(order.words)
    raise RpcError(StatusCode(order.code), order.words)


@service(name="Lab", version=1)
class Lab:
    def __init__(self):
        self.committed = Total()

    @rpc
    async def kinds(self, req: Kinds) -> Kinds:
        return req

    @rpc
    async def moments(self, req: Moments) -> Moments:
        return req

    @rpc
    async def shape(self, req: Shape) -> Shape:
        return req

    @rpc
    async def numbered(self, req: Numbered) -> Numbered:
        return req

    @rpc
    async def paint(self, req: Paint) -> Paint:
        return req

    @rpc
    async def bag(self, req: Bag) -> Bag:
        return req

    @rpc
    async def text(self, req: Text) -> Text:
        return req

    @rpc
    async def empty(self, req: Nothing) -> Nothing:
        return req

    @rpc
    async def make(self, req: Order) -> Text:
        return Text(text=pattern(req.size))

    @rpc
    async def refuse(self, req: Order) -> Text:
        fail(req)

    @rpc
    async def nothing(self, req: Order) -> Text:
        return None

    @rpc
    async def wait(self, req: Order) -> Text:
        await asyncio.sleep(req.wait_millis / 1000)
        return Text(text=req.words)

    @rpc
    async def seen(self, req: Order) -> Seen:
        call = current_call()
        left = call.remaining_seconds
        return Seen(metadata=dict(call.metadata), has_deadline=left is not None, peer=call.peer or "",
                    remaining_millis=int((left or 0) * 1000))

    @rpc
    async def commits(self, req: Nothing) -> Total:
        """Returns the number of completed uploads and the number of chunks of the last one."""
        return self.committed

    @server_stream
    async def count(self, req: Order) -> AsyncIterator[Chunk]:
        body = pattern(req.size)
        for index in range(req.count):
            if req.wait_millis:
                await asyncio.sleep(req.wait_millis / 1000)
            yield Chunk(index=index, body=body)
        if req.code:
            fail(req)

    @client_stream
    async def upload(self, chunks: AsyncIterator[Chunk]) -> Total:
        total = Total()
        async for chunk in chunks:
            if chunk.body == "refuse":
                raise RpcError(StatusCode.FAILED_PRECONDITION, "asked to refuse")
            total.in_order = total.in_order and chunk.index == total.items
            total.items += 1
            total.characters += len(chunk.body)
        self.committed = Total(items=self.committed.items + 1, characters=total.items)
        return total

    @bidi_stream
    async def shout(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            if chunk.body == "enough":
                return
            if chunk.body == "refuse":
                raise RpcError(StatusCode.ABORTED, "asked to refuse")
            yield Chunk(index=chunk.index + 1000, body=chunk.body.upper())


@service(name="LabNext", version=3)
class LabNext:
    """A service with a version other than 1. A Python client cannot call it by version, and ours can."""

    @rpc
    async def text(self, req: Text) -> Text:
        return req


def pattern(size: int) -> str:
    """Returns text of the given length in which a lost, repeated or moved block is visible.

    It has characters of all three string encodings.
    """
    unit = "0123456789é€"
    return (unit * (size // len(unit) + 1))[:size]
