"""Prints what the wheel reads from credential files and identity files: attributes, and whether the signature is right.

    trust_verdicts.py FILE...    a JSON object by file; `FILE#NAME` means one entry of an identity file
"""

import json
import sys

from aster import runtime
from aster.config import AsterConfig
from aster.trust import bootstrap
from aster.trust.credentials import EnrollmentCredential
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


def main():
    verdicts = {}
    for argument in sys.argv[1:]:
        path, _, name = argument.partition("#")
        credential = of_identity(path, name) if name else of_file(path)
        verdicts[argument] = {
            "root": credential.root_pubkey.hex(),
            "endpointId": credential.endpoint_id,
            "attributes": credential.attributes,
            "expiresAt": credential.expires_at,
            "isSigned": verify_signature(credential),
        }
    print(json.dumps(verdicts))


main()
