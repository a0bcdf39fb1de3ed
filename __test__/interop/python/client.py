"""Runs the cases of a suite against a server in any language, and prints one line of JSON for each case.

    python client.py TICKET [--suite lab|ref_echo|ref_session] [--mode xlang|json|json-as-shipped|proxy] [--case NAME]... [--python-peer]

The modes are the ways in which the reference can make a call:
- xlang: typed stubs with Fory payloads;
- json: typed stubs with JSON payloads and mode 3 in the call header;
- json-as-shipped: typed stubs with JSON payloads and mode 0 in the call header, as the released client sends it;
- proxy: the dynamic proxy.
The line of a case is {"event": "case", "name": ..., "problem": null or text}. The last line is
{"event": "done", "cases": N}.
"""
import argparse
import asyncio
import importlib
import os
import sys
import traceback
import warnings

warnings.filterwarnings("ignore")
import endpoint  # noqa: E402

endpoint.bind_to_loopback()

from aster import AsterClient, AsterConfig, SerializationMode  # noqa: E402
from aster.json_codec import JsonProxyCodec  # noqa: E402



class AnnouncesJson:
    """Wraps a typed JSON stub and passes the option that puts mode 3 in the call header."""

    def __init__(self, stub):
        self._stub = stub

    def __getattr__(self, name):
        method = getattr(self._stub, name)
        return lambda *args, **options: method(*args, serialization=SerializationMode.JSON, **options)


class Bench:
    """The argument of each case: the stubs of one mode, and facts about the server."""

    def __init__(self, client, mode, python_peer):
        self.client = client
        self.json = mode != "xlang"
        self.mode = mode
        self.python_peer = python_peer

    async def stub(self, service):
        if self.mode == "xlang":
            return await self.client.client(service)
        stub = await self.client.client(service, codec=JsonProxyCodec())
        return stub if self.mode == "json-as-shipped" else AnnouncesJson(stub)

    async def session(self, service):
        codec = {} if self.mode == "xlang" else {"codec": JsonProxyCodec()}
        return await self.client.client(service, **codec)

    def proxy(self, name):
        return self.client.proxy(name)


async def connect(ticket):
    config = AsterConfig(log_level="error")
    config.to_endpoint_config = endpoint.loopback
    client = AsterClient(config=config, address=ticket)
    await asyncio.wait_for(client.connect(), 20)
    return client


async def attempt(case, bench, stubs, verbose):
    try:
        await asyncio.wait_for(case(bench, *stubs), 60)
    except BaseException as error:  # noqa: BLE001  a case may fail in any way at all
        if verbose:
            traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return None


async def run(options):
    client = await connect(options.ticket)
    services = [{"name": s.name, "version": s.version, "contractId": s.contract_id} for s in client.services]
    endpoint.say("connected", services=services, endpointId=client._node.node_id())
    bench = Bench(client, options.mode, options.python_peer)
    suite = importlib.import_module(f"{options.suite}_cases")
    stubs = () if options.mode == "proxy" else [await bench.stub(service) for service in suite.SERVICES]
    failed = ran = 0
    for name, case in suite.cases.of_mode(options.mode):
        if options.case and name not in options.case:
            continue
        problem = await attempt(case, bench, stubs, options.verbose)
        ran, failed = ran + 1, failed + (problem is not None)
        endpoint.say("case", name=name, problem=problem)
    endpoint.say("done", cases=ran)
    await asyncio.wait_for(client.close(), 10)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ticket")
    parser.add_argument("--suite", choices=["lab", "ref_echo", "ref_session"], default="lab")
    parser.add_argument("--mode", choices=["xlang", "json", "json-as-shipped", "proxy"], default="xlang")
    parser.add_argument("--case", action="append")
    parser.add_argument("--python-peer", action="store_true", help="the server is the reference itself")
    parser.add_argument("--verbose", action="store_true")
    code = asyncio.run(run(parser.parse_args()))
    sys.stdout.flush()
    os._exit(code)  # threads of the native library would delay a normal exit


main()
