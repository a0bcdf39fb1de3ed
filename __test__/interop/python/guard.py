"""A service whose methods require roles, on both sides of a connection with credentials.

    python guard.py serve ROOT_PUBKEY                    a server that admits credentials of this root key
    python guard.py call TICKET SECRET_KEY [CREDENTIAL]  a client with this key and credential file; calls each method

Lines of JSON: "ready" of the server; of the client "refused", or "answer" for each method with its text or status code.
"""
import asyncio
import os
import sys
import warnings
from dataclasses import dataclass

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
    service,
    wire_type,
)

from call_context import KeepContext, current_call  # noqa: E402


@wire_type("guard/Nothing")
@dataclass
class Nothing:
    note: str = ""


@wire_type("guard/Caller")
@dataclass
class Caller:
    text: str = ""


def caller():
    attributes = dict(current_call().attributes or {})
    return Caller(" ".join(f"{name}={attributes[name]}" for name in sorted(attributes)))


@service(name="Guard", version=1, requires="user")
class Guard:
    @rpc
    async def whoami(self, req: Nothing) -> Caller:
        return caller()

    @rpc(requires="admin")
    async def admin(self, req: Nothing) -> Caller:
        return caller()

    @rpc(requires=any_of("ops", "admin"))
    async def either(self, req: Nothing) -> Caller:
        return caller()

    @rpc(requires=all_of("ops", "admin"))
    async def both(self, req: Nothing) -> Caller:
        return caller()


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
        services=[Guard()],
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


async def call(ticket, secret_key, credential=None):
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
    stub = await client.client(Guard)
    for name in ("whoami", "admin", "either", "both"):
        try:
            answer = (await getattr(stub, name)(Nothing())).text
        except RpcError as error:
            answer = f"{int(error.code)} {error.message}"
        endpoint.say("answer", method=name, text=answer)
    await asyncio.wait_for(client.close(), 10)


asyncio.run({"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:]))
sys.stdout.flush()
os._exit(0)  # threads of the native library would delay a normal exit
