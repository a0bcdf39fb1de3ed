"""`RefSession`, a service of scope `session`: one object for each session, with bodies, so that it can be served too."""
import asyncio
from typing import AsyncIterator, Optional

from aster import RpcError, StatusCode, bidi_stream, client_stream, rpc, server_stream, service

from call_context import current_call
from ref_echo import Ack, Blob, CallInfo, CountRequest, Empty, FailRequest, Item, MakeBlob, Number, SleepRequest, Sum


@service(name="RefSession", version=1, scoped="session")
class RefSession:
    def __init__(self, peer: Optional[str] = None):
        self.peer = peer or ""
        self.total = 0
        self.calls = 0

    @rpc
    async def add(self, req: Number) -> Sum:
        self.total += req.value
        self.calls += 1
        return Sum(self.total, self.calls)

    @rpc
    async def get(self, req: Empty) -> Sum:
        return Sum(self.total, self.calls)

    @rpc
    async def whoami(self, req: Empty) -> CallInfo:
        call = current_call()
        return CallInfo(call.service, call.method, self.peer, call.call_id or "", call.session_id or "", False, 0,
                        dict(call.metadata), {})

    @rpc
    async def make(self, req: MakeBlob) -> Blob:
        unit = req.pattern or "x"
        return Blob((unit * (req.length // len(unit) + 1))[: req.length])

    @rpc
    async def fail(self, req: FailRequest) -> Ack:
        if req.kind == "value":
            raise ValueError(req.message)
        raise RpcError(StatusCode(req.code), req.message)

    @rpc
    async def sleep(self, req: SleepRequest) -> Ack:
        await asyncio.sleep(req.millis / 1000)
        return Ack(True, req.label)

    @server_stream
    async def count(self, req: CountRequest) -> AsyncIterator[Item]:
        for offset in range(req.n):
            if req.delay_millis:
                await asyncio.sleep(req.delay_millis / 1000)
            self.total += 1
            yield Item(req.start + offset, "x" * req.payload)

    @client_stream
    async def sum(self, reqs: AsyncIterator[Number]) -> Sum:
        async for req in reqs:
            self.total += req.value
            self.calls += 1
        return Sum(self.total, self.calls)

    @bidi_stream
    async def chat(self, reqs: AsyncIterator[Item]) -> AsyncIterator[Item]:
        async for req in reqs:
            if req.text == "fail":
                raise RpcError(StatusCode.ABORTED, "asked to fail")
            yield Item(req.index * 2, req.text.upper())
