"""Contracts of random services, by the reference: classes are made as its users write them, and given to its decorators."""
import json
import types
from typing import AsyncIterator, Optional

from aster import SerializationMode, bidi_stream, client_stream, rpc, server_stream, service, wire_type
from aster.contract import identity, publication

ROOTS = {"string": str, "int": int, "float": float, "bool": bool, "bytes": bytes, "anyList": list, "anyMap": dict}


async def answering(self, request):
    """The body of methods with one answer."""


async def streaming(self, request):
    """The body of methods with a stream of answers."""
    yield


def copy_of(body, name, hints):
    """A function of its own."""
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


def method(world, told, postponed, optional):
    request, response = root(world, told["request"]), root(world, told["response"], optional)
    streams = told["pattern"] in ("clientStream", "bidiStream"), told["pattern"] in ("serverStream", "bidiStream")
    hints = {"request": AsyncIterator[request] if streams[0] else request,
             "return": AsyncIterator[response] if streams[1] else response}
    if postponed:
        # As the module of a user has it who writes `from __future__ import annotations`: the rest is evaluated.
        name = response.__name__ if isinstance(response, type) else "Optional[...]"
        hints["return"] = f"AsyncIterator[{name}]" if streams[1] else name
    function = copy_of(streaming if streams[1] else answering, told["name"], hints)
    timeout = None if told["timeoutMs"] is None else told["timeoutMs"] / 1000
    if told["pattern"] == "unary":
        return rpc(timeout=timeout, idempotent=told["idempotent"])(function)
    if told["pattern"] == "clientStream":
        return client_stream(timeout, idempotent=told["idempotent"])(function)
    if told["pattern"] == "serverStream":
        return server_stream(timeout=timeout)(function)
    return bidi_stream(timeout=timeout)(function)


def finish(world):
    """What the codec does not ask for: tags, names of enums as TypeScript has them, defaults."""
    for tag, cls in world.classes.items():
        wire_type(tag)(cls)
        declared = world.declared[tag]
        if declared["kind"] == "enum":
            cls.__name__ = tag.rpartition("/")[2]
            continue
        for field in declared["fields"]:
            if isinstance(field["type"], dict) and "optional" in field["type"]:
                cls.__dataclass_fields__[field["name"]].default = None


def decorated(world, told, postponed, optional):
    """What the reference knows of a service."""
    members = {one["name"]: method(world, one, postponed, optional) for one in told["methods"]}
    if told["scope"] == "session":
        members["__init__"] = lambda self, peer: None
    modes = [SerializationMode[mode.upper()] for mode in told["modes"]]
    decorate = service(told["name"], version=told["version"], serialization=modes, scoped=told["scope"])
    return decorate(type("Service", (), members))


def describe(world, told):
    """Contract id, canonical bytes and manifest, as they are published.

    Null answers are of the type that they may be. Then the ids with postponed annotations, with null answers declared as
    such, and with both.
    """
    info = decorated(world, told, False, False).__aster_service_info__
    roots = [one for method in info.methods.values() for one in (method.request_type, method.response_type)
             if isinstance(one, type)]
    defined = identity.resolve_with_cycles(identity.build_type_graph(roots))
    hashes = {name: identity.compute_type_hash(identity.canonical_xlang_bytes(one)) for name, one in defined.items()}
    contract = identity.ServiceContract.from_service_info(info, hashes)
    entries = dict(publication.build_collection(contract, defined, info))
    return {"contractId": identity.compute_contract_id(entries["contract.bin"]),
            "open": [identity.contract_id_from_service(decorated(world, told, *how))
                     for how in ((True, False), (False, True), (True, True))],
            "canonical": entries["contract.bin"].hex(),
            "manifest": json.loads(entries["manifest.json"])}
