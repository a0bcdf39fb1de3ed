"""The registry as the reference reads it.

    registry.py read TICKET             joins the document of a server and prints what is in it
    registry.py refused TICKET NAMESPACE   tries the same without admission
    registry.py gen-client TICKET FOLDER   the client generator of the reference's command line
"""
import asyncio
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import endpoint  # noqa: E402

endpoint.bind_to_loopback()

from aster import AsterConfig, blobs_client, docs_client  # noqa: E402
from aster.runtime import AsterClient, _coerce_node_addr  # noqa: E402

LIMIT = 10


async def entry(doc, key):
    """The value of a key, when it has arrived. None: it does not."""
    for _ in range(LIMIT * 50):
        for found in await doc.query_key_exact(key.encode()):
            try:
                return await doc.read_entry_content(found.content_hash)
            except Exception:
                pass
        await asyncio.sleep(0.02)
    return None


async def read(ticket):
    client = AsterClient(config=AsterConfig(log_level="error"), address=ticket)
    await client.connect()
    peer = _coerce_node_addr(client._endpoint_addr_in).endpoint_id
    namespace = client.registry_namespace
    doc, _ = await docs_client(client._node).join_and_subscribe_namespace(namespace, peer)
    blobs = blobs_client(client._node)
    services = []
    for service in client._services:
        reference = json.loads(await entry(doc, f"contracts/{service.contract_id}"))
        manifest = await entry(doc, f"manifests/{service.contract_id}")
        version = await entry(doc, f"services/{service.name}/versions/v{service.version}")
        lease_key = f"services/{service.name}/contracts/{service.contract_id}/endpoints/{peer}"
        files = dict(await blobs.download_collection_hash(reference["collection_hash"], peer))
        services.append({
            "name": service.name,
            "contractId": service.contract_id,
            "reference": reference,
            "manifest": manifest.decode(),
            "version": version.decode(),
            "lease": json.loads(await entry(doc, lease_key)),
            "files": {name: bytes(data).hex() for name, data in files.items()},
        })
    endpoint.say("read", namespace=namespace, services=services)


async def refused(ticket, namespace):
    client = AsterClient(config=AsterConfig(log_level="error"), address=ticket)
    try:
        await client.connect()
        endpoint.say("refused", admitted=True)
        return
    except Exception as error:
        problem = str(error)
    peer = _coerce_node_addr(client._endpoint_addr_in).endpoint_id
    doc, events = await docs_client(client._node).join_and_subscribe_namespace(namespace, peer)
    event = await asyncio.wait_for(events.recv(), LIMIT)
    entries = await doc.query_key_prefix(b"")
    try:
        await blobs_client(client._node).download_collection_hash("ab" * 32, peer)
        blob = ""
    except Exception as error:
        blob = str(error)
    endpoint.say("refused", admitted=False, problem=problem, kind=event.kind, entries=len(entries), blob=blob)


def generate(ticket, folder):
    from argparse import Namespace

    from aster_cli.contract import _gen_client_command

    return _gen_client_command(Namespace(source=ticket, lang="typescript", out=folder, package="depot", rcan=None, aster=None))


def run():
    command, *arguments = sys.argv[1:]
    if command == "gen-client":
        return generate(*arguments) or 0
    asyncio.run({"read": read, "refused": refused}[command](*arguments))
    return 0


code = run()
sys.stdout.flush()
os._exit(code)  # threads of the native library would delay a normal exit
