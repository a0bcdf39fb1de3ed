"""A service whose module postpones its annotations.

The `from __future__ import annotations` below leaves the response types as text when the contract is computed. The
contract id therefore differs from the id of the same service without that line, and a client must accept both.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import AsyncIterator

from aster import rpc, server_stream, service, wire_type


@wire_type("lab.v1/Question")
@dataclass
class Question:
    text: str = ""


@wire_type("lab.v1/Answer")
@dataclass
class Answer:
    text: str = ""
    length: int = 0


@service(name="LabPostponed", version=1)
class LabPostponed:
    @rpc
    async def ask(self, req: Question) -> Answer:
        return Answer(text=req.text[::-1], length=len(req.text))

    @server_stream
    async def letters(self, req: Question) -> AsyncIterator[Answer]:
        for letter in req.text:
            yield Answer(text=letter, length=1)
