"""Serves the Lab services until its standard input ends. The first line of output is {"event": "ready", "ticket": ...}."""
import asyncio
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import endpoint  # noqa: E402

endpoint.bind_to_loopback()

from aster import AsterConfig, AsterServer, AsterTicket, DeadlineInterceptor  # noqa: E402

from call_context import KeepContext  # noqa: E402
from lab import Lab, LabNext  # noqa: E402
from lab_postponed import LabPostponed  # noqa: E402
from ref_session import RefSession  # noqa: E402


async def serve():
    server = AsterServer(
        services=[Lab(), LabNext(), LabPostponed(), RefSession],
        config=AsterConfig(log_level="error"),
        allow_all_consumers=True,
        endpoint_config=endpoint.loopback(),
        interceptors=[DeadlineInterceptor(), KeepContext()],
    )
    await server.start()
    server.serve()
    here = server.node.node_addr_info()
    addresses = [address for address in here.direct_addresses if address.startswith("127.0.0.1:")]
    endpoint.say(
        "ready",
        endpointId=here.endpoint_id,
        directAddresses=addresses,
        ticket=AsterTicket(endpoint_id=here.endpoint_id, direct_addrs=addresses).to_string(),
        contracts={summary.name: summary.contract_id for summary in server.services},
    )
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.close()
    endpoint.say("stopped")


asyncio.run(serve())
sys.stdout.flush()
os._exit(0)  # threads of the native library would delay a normal exit
