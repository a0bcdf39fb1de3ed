"""Prints what the wheel reads from credential files and identity files, and whether its admission code admits the node.

    trust_verdicts.py ROOT_PUBLIC_KEY FILE...    a JSON object by file; `FILE#NAME` means one entry of an identity file

The node that presents a credential is the one that it is bound to; for a credential without one any node.
"""

import asyncio
import json
import logging
import sys

from aster import runtime
from aster.config import AsterConfig
from aster.trust import bootstrap, consumer
from aster.trust.credentials import EnrollmentCredential
from aster.trust.nonces import InMemoryNonceStore
from aster.trust.signing import verify_signature


def of_identity(path, name):
    secret, entry = AsterConfig().load_identity_from_path(path, peer_name=name)
    credential = runtime._credential_from_peer_entry(entry)
    if entry["role"] == "producer":
        credential = EnrollmentCredential(
            credential.endpoint_id, credential.root_pubkey, credential.expires_at, credential.attributes,
            credential.signature)
    return credential


def of_file(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    is_producer = text.lstrip().startswith("{") and json.loads(text)["type"] == "producer"
    load = bootstrap._load_enrollment_credential if is_producer else runtime._load_enrollment_credential
    return load(path)


async def is_admitted(credential, root):
    if isinstance(credential, EnrollmentCredential):
        document = json.dumps({
            "endpoint_id": credential.endpoint_id,
            "root_pubkey": credential.root_pubkey.hex(),
            "expires_at": credential.expires_at,
            "attributes": credential.attributes,
            "signature": credential.signature.hex(),
        })
        state = bootstrap.make_ephemeral_mesh_state(root)
        return (await bootstrap.handle_admission_rpc(document, state, root)).accepted
    request = json.dumps({"credential_json": consumer.consumer_cred_to_json(credential), "iid_token": ""})
    peer = credential.endpoint_id or "00" * 32
    answer = await consumer.handle_consumer_admission_rpc(
        request, root, hook=None, peer_node_id=peer, nonce_store=InMemoryNonceStore())
    return answer.admitted


async def main():
    logging.disable(logging.CRITICAL)
    bootstrap._save_mesh_state = lambda state: None
    root = bytes.fromhex(sys.argv[1])
    verdicts = {}
    for argument in sys.argv[2:]:
        path, _, name = argument.partition("#")
        credential = of_identity(path, name) if name else of_file(path)
        verdicts[argument] = {
            "root": credential.root_pubkey.hex(),
            "endpointId": credential.endpoint_id,
            "attributes": credential.attributes,
            "expiresAt": credential.expires_at,
            "isSigned": verify_signature(credential),
            "isAdmitted": await is_admitted(credential, root),
        }
    print(json.dumps(verdicts))


asyncio.run(main())
