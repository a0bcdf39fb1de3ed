"""Services whose methods require roles, on both sides of a connection with credentials.

    python guard.py serve ROOT_PUBKEY                         a server that admits credentials of this root key
    python guard.py call TICKET MODE SECRET_KEY [CREDENTIAL]  a client with this key and credential file; calls each method

MODE is xlang or json. Lines of JSON: "ready" of the server; of the client "refused", or "answer" for each method with what
its handler knows of the caller, or with its status.
"""
import asyncio
import os
import sys
import warnings
from typing import AsyncIterator, Optional

warnings.filterwarnings("ignore")
import endpoint  # noqa: E402

endpoint.bind_to_loopback()

import aster.runtime as runtime  # noqa: E402
from aster import (  # noqa: E402
    AdmissionDeniedError,
    AsterClient,
    AsterConfig,
    AsterServer,
    AsterTicket,
    RpcError,
    all_of,
    any_of,
    rpc,
    server_stream,
    service,
)
from aster.json_codec import JsonProxyCodec  # noqa: E402

from call_context import KeepContext, current_call  # noqa: E402
from ref_echo import CallInfo, CountRequest, Empty, Item  # noqa: E402


ROLE = "ref.admin"


def whoami():
    call = current_call()
    return CallInfo(call.service, call.method, call.peer or "", metadata=dict(call.metadata), attributes=dict(call.attributes or {}))


async def counted(req):
    for index in range(req.n):
        yield Item(req.start + index)


@service(name="RefEcho", version=1)
class RefEcho:
    @rpc
    async def whoami(self, req: Empty) -> CallInfo:
        return whoami()


@service(name="RefGuard", version=1, requires="ref.user")
class RefGuard:
    @rpc
    async def user(self, req: Empty) -> CallInfo:
        return whoami()

    @rpc(requires=ROLE)
    async def admin(self, req: Empty) -> CallInfo:
        return whoami()

    @rpc(requires=any_of("ref.ops", ROLE))
    async def either(self, req: Empty) -> CallInfo:
        return whoami()

    @rpc(requires=all_of("ref.ops", ROLE))
    async def both(self, req: Empty) -> CallInfo:
        return whoami()

    @server_stream(requires=ROLE)
    async def admin_count(self, req: CountRequest) -> AsyncIterator[Item]:
        async for item in counted(req):
            yield item


@service(name="RefGuardSession", version=1, scoped="session", requires="ref.user")
class RefGuardSession:
    def __init__(self, peer: Optional[str] = None):
        self.peer = peer or ""

    @rpc
    async def whoami(self, req: Empty) -> CallInfo:
        return whoami()

    @rpc(requires=ROLE)
    async def admin(self, req: Empty) -> CallInfo:
        return whoami()

    @server_stream(requires=ROLE)
    async def admin_count(self, req: CountRequest) -> AsyncIterator[Item]:
        async for item in counted(req):
            yield item


def with_key(secret_key):
    """Endpoints of this process get this key."""

    def fresh(_template=None, alpns=(), *, enable_hooks=False):
        config = endpoint.loopback()
        config.alpns = list(alpns)
        config.enable_hooks = enable_hooks
        config.secret_key = bytes.fromhex(secret_key)
        return config

    runtime._build_node_endpoint_config = fresh
    runtime._clone_config_with_alpns = fresh
    return fresh


async def serve(root_pubkey):
    server = AsterServer(
        services=[RefEcho(), RefGuard(), RefGuardSession],
        config=AsterConfig(log_level="error"),
        root_pubkey=bytes.fromhex(root_pubkey),
        allow_all_consumers=False,
        endpoint_config=endpoint.loopback(),
        interceptors=[KeepContext()],
    )
    await server.start()
    server.serve()
    here = server.node.node_addr_info()
    addresses = [address for address in here.direct_addresses if address.startswith("127.0.0.1:")]
    ticket = AsterTicket(endpoint_id=here.endpoint_id, direct_addrs=addresses).to_string()
    endpoint.say("ready", endpointId=here.endpoint_id, ticket=ticket)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.close()


def shown(answer):
    """What a handler told, from an object or from JSON."""
    fields = answer if isinstance(answer, dict) else vars(answer)
    return {name: fields[name] for name in ("peer", "metadata", "attributes")}


async def collect(items):
    return [item async for item in items]


async def call(ticket, mode, secret_key, credential=None):
    config = AsterConfig(log_level="error")
    if credential:
        config.enrollment_credential_file = credential
    config.to_endpoint_config = with_key(secret_key)
    client = AsterClient(config=config, address=ticket)
    try:
        await asyncio.wait_for(client.connect(), 20)
    except AdmissionDeniedError:
        endpoint.say("refused")
        return
    codec = {"codec": JsonProxyCodec()} if mode == "json" else {}
    echo, guard = await client.client(RefEcho, **codec), await client.client(RefGuard, **codec)
    claims = {"note": "x", "aster.role": ROLE}
    calls = {
        "RefEcho.whoami": lambda: echo.whoami(Empty(), metadata=claims),
        **{f"RefGuard.{name}": (lambda name=name: getattr(guard, name)(Empty(), metadata=claims))
           for name in ("user", "admin", "either", "both")},
        "RefGuard.admin_count": lambda: collect(guard.admin_count(CountRequest(3))),
        # Each in a session of its own: a refusal may end the session.
        **{f"RefGuardSession.{name}": (lambda name=name: in_session(name)) for name in ("whoami", "admin")},
    }

    async def in_session(name):
        session = await client.client(RefGuardSession, **codec)
        return await getattr(session, name)(Empty(), metadata=claims)

    for method, make in calls.items():
        try:
            answer = await asyncio.wait_for(make(), 10)
            endpoint.say("answer", method=method, knows=len(answer) if isinstance(answer, list) else shown(answer))
        except RpcError as error:
            endpoint.say("answer", method=method, code=int(error.code), text=error.message)
    await asyncio.wait_for(client.close(), 10)


asyncio.run({"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:]))
sys.stdout.flush()
os._exit(0)  # threads of the native library would delay a normal exit
