"""Computes the contracts of random services with the Python reference.

Builds classes in the form that users of the reference write, and passes them to its decorators.
"""
import json
import types
from typing import AsyncIterator, Optional

from aster import SerializationMode, bidi_stream, client_stream, rpc, server_stream, service, wire_type
from aster.contract import identity, publication

ROOTS = {"string": str, "int": int, "float": float, "bool": bool, "bytes": bytes, "anyList": list, "anyMap": dict}


async def answering(self, request):
    """The body of a method with one response."""


async def streaming(self, request):
    """The body of a method with a stream of responses."""
    yield


def copy_of(body, name, hints):
    """Returns a new function with the code of `body`, so that each method has its own annotations."""
    function = types.FunctionType(body.__code__, globals(), name)
    function.__annotations__ = hints
    return function


def root(world, kind, optional=False):
    if isinstance(kind, str):
        return ROOTS[kind]
    if "optional" in kind:
        inner = root(world, kind["optional"])
        return Optional[inner] if optional else inner
    return world.classes[kind["message"]]


def method(world, declared, postponed, optional):
    request, response = root(world, declared["request"]), root(world, declared["response"], optional)
    streams = declared["pattern"] in ("clientStream", "bidiStream"), declared["pattern"] in ("serverStream", "bidiStream")
    hints = {"request": AsyncIterator[request] if streams[0] else request,
             "return": AsyncIterator[response] if streams[1] else response}
    if postponed:
        # `from __future__ import annotations` in a user's module leaves the response type as text. The decorators evaluate
        # the other annotations.
        name = response.__name__ if isinstance(response, type) else "Optional[...]"
        hints["return"] = f"AsyncIterator[{name}]" if streams[1] else name
    function = copy_of(streaming if streams[1] else answering, declared["name"], hints)
    timeout = None if declared["timeoutMs"] is None else declared["timeoutMs"] / 1000
    if declared["pattern"] == "unary":
        return rpc(timeout=timeout, idempotent=declared["idempotent"])(function)
    if declared["pattern"] == "clientStream":
        return client_stream(timeout, idempotent=declared["idempotent"])(function)
    if declared["pattern"] == "serverStream":
        return server_stream(timeout=timeout)(function)
    return bidi_stream(timeout=timeout)(function)


def finish(world):
    """Adds what contracts need and the codec does not: tags, the TypeScript names of enums, and default values."""
    for tag, cls in world.classes.items():
        wire_type(tag)(cls)
        declared = world.declared[tag]
        if declared["kind"] == "enum":
            cls.__name__ = tag.rpartition("/")[2]
            continue
        for field in declared["fields"]:
            if isinstance(field["type"], dict) and "optional" in field["type"]:
                cls.__dataclass_fields__[field["name"]].default = None


def decorated(world, declared, postponed, optional):
    """Returns the service class as the reference's `service` decorator returns it."""
    members = {one["name"]: method(world, one, postponed, optional) for one in declared["methods"]}
    if declared["scope"] == "session":
        members["__init__"] = lambda self, peer: None
    modes = [SerializationMode[mode.upper()] for mode in declared["modes"]]
    decorate = service(declared["name"], version=declared["version"], serialization=modes, scoped=declared["scope"])
    return decorate(type("Service", (), members))


def describe(world, declared):
    """Returns the contract id, the canonical bytes and the manifest that the reference publishes.

    The contract id is computed with every optional response declared as required. `open` lists the ids for three other
    ways to write the same service: postponed annotations, optional responses declared as `Optional`, and both together.
    """
    info = decorated(world, declared, False, False).__aster_service_info__
    roots = [one for method in info.methods.values() for one in (method.request_type, method.response_type)
             if isinstance(one, type)]
    defined = identity.resolve_with_cycles(identity.build_type_graph(roots))
    hashes = {name: identity.compute_type_hash(identity.canonical_xlang_bytes(one)) for name, one in defined.items()}
    contract = identity.ServiceContract.from_service_info(info, hashes)
    entries = dict(publication.build_collection(contract, defined, info))
    return {"contractId": identity.compute_contract_id(entries["contract.bin"]),
            "open": [identity.contract_id_from_service(decorated(world, declared, *how))
                     for how in ((True, False), (False, True), (True, True))],
            "canonical": entries["contract.bin"].hex(),
            "manifest": json.loads(entries["manifest.json"])}
