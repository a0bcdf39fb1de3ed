"""Reads the files in `../trust/written.json`, which our library wrote, with the code of the released Python wheel.

Prints one JSON object that maps each file to the values that the wheel read from it.
"""

import json
import tempfile
from pathlib import Path

from aster import runtime
from aster.config import AsterConfig
from aster.trust import bootstrap
from aster.trust.consumer import consumer_cred_from_json, consumer_cred_to_json
from aster.trust.credentials import EnrollmentCredential
from aster.trust.gossip import derive_gossip_topic
from aster.trust.mesh import MeshState
from aster.trust.signing import load_private_key, verify_signature


def public(seed_hex):
    return load_private_key(bytes.fromhex(seed_hex)).public_key().public_bytes_raw().hex()


def main():
    written = json.loads((Path(__file__).parents[1] / "trust" / "written.json").read_text(encoding="utf-8"))
    facts = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"

        def put(text):
            path.write_text(text, encoding="utf-8")
            return str(path)

        for one in written["credentials"]:
            name = put(one["file"])
            producer = one["kind"] == "producer"
            load = bootstrap._load_enrollment_credential if producer else runtime._load_enrollment_credential
            credential = load(name)
            facts[one["name"]] = verify_signature(credential)
            if not producer:
                again = consumer_cred_from_json(consumer_cred_to_json(credential))
                facts[f"{one['name']}, sent"] = verify_signature(again)
        name = put(written["identity"])
        node = json.loads(written["node.key"])
        for one in written["credentials"]:
            secret, entry = AsterConfig().load_identity_from_path(name, peer_name=one["name"])
            facts["the node's key"] = secret.hex() == node["secret_key"] and public(secret.hex()) == node["node_id"]
            credential = runtime._credential_from_peer_entry(entry)
            if entry["role"] == "producer":
                credential = EnrollmentCredential(
                    credential.endpoint_id, credential.root_pubkey, credential.expires_at, credential.attributes,
                    credential.signature)
            facts[f"{one['name']}, in an identity file"] = verify_signature(credential)
        facts["an identity file as a credential"] = verify_signature(runtime._load_enrollment_credential(name))
        root = json.loads(written["root.key"])
        facts["root key"] = public(root["private_key"]) == root["public_key"]
        facts["root public key"] = json.loads(written["root.pub"]) == {"public_key": root["public_key"]}
        state = MeshState.from_json_dict(json.loads(written["mesh_state.json"]))
        facts["mesh state"] = json.loads(written["mesh_state.json"]) == state.to_json_dict()
        facts["topic"] = derive_gossip_topic(bytes.fromhex(root["public_key"]), state.salt) == state.topic_id
    print(json.dumps(facts))


main()
