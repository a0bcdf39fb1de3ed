"""A service whose module postpones its annotations.

Its response types are text when the contract is computed, so its contract id is another one than that of the
same service without the line below; a client has to know both.
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
