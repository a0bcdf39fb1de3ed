"""Records conformance/vectors/wheel-trust-files.json: key, credential and identity files of the reference's command line.

    python conformance/generate/trust_files.py

needs aster-cli 0.1.2 (with mcp below 2) in the same environment. Keys are made anew each time, so the file changes when it
is recorded again.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "vectors" / "wheel-trust-files.json"
EXPIRES = ["--expires", "2030-01-01T00:00:00+00:00"]


def aster(folder, *arguments):
    command = [str(Path(sys.executable).with_name("aster")), *arguments]
    environment = os.environ | {"HOME": folder, "ASTER_RELAY_MODE": "disabled", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def main():
    with tempfile.TemporaryDirectory() as folder:
        read = lambda name: (Path(folder) / name).read_text(encoding="utf-8")
        aster(folder, "trust", "keygen", "--out-key", "root.key")
        peer = "66cb9b757d21e94921af52c10c08b129a1a7b62a1faa6ca039d4b6da566e7d7c"
        credentials = []
        for name, arguments in [
            ("producer", ["--type", "producer", "--endpoint-id", peer]),
            ("producer with attributes", ["--type", "producer", "--endpoint-id", peer, "--attributes", '{"z":"ü","aster.role":"producer"}']),
            ("policy, bound", ["--type", "policy", "--endpoint-id", peer, "--attributes", '{"aster.role":"a,b"}']),
            ("policy, unbound", ["--type", "policy"]),
            ("one-time, bound", ["--type", "ott", "--endpoint-id", peer]),
            ("one-time, unbound", ["--type", "ott"]),
        ]:
            aster(folder, "trust", "sign", "--root-key", "root.key", *EXPIRES, "--out", "one.json", *arguments)
            credentials.append({"name": name, "text": read("one.json")})
        aster(folder, "authorize", "--root-key", "root.key", "--producer-id", peer, *EXPIRES, "--out", "token")
        credentials.append({"name": "authorize", "text": read("token")})
        identities = []
        for name, steps in [
            ("with capabilities", [["--role", "consumer", "--name", "edge", "--capabilities", "ref.user,ref.admin"]]),
            ("without capabilities", [["--role", "consumer", "--name", "edge"]]),
            ("producer", [["--role", "producer", "--name", "billing"]]),
            ("name as attribute", [["--role", "consumer", "--name", "edge", "--attributes", "aster.name=edge,zone=eu"]]),
            ("name and capabilities", [["--role", "consumer", "--name", "edge", "--attributes", "aster.name=edge", "--capabilities", "a"]]),
            ("one-time", [["--role", "consumer", "--name", "once", "--type", "ott"]]),
            ("three entries", [["--role", "producer", "--name", "p"], ["--role", "consumer", "--name", "c"],
                               ["--role", "consumer", "--name", "p", "--capabilities", "x"]]),
        ]:
            target = f"{len(identities)}.id"
            for step in steps:
                aster(folder, "enroll", "node", "--root-key", "root.key", *EXPIRES, "--out", target, "-q", *step)
            identities.append({"name": name, "text": read(target)})
        secret = base64.b64decode(identities[0]["text"].split('secret_key = "')[1].split('"')[0])
        endpoint_id = identities[0]["text"].split('endpoint_id = "')[1].split('"')[0]
        # `aster keygen producer` starts a node to learn its own id; this is the file that it then writes.
        node_key = json.dumps({"secret_key": secret.hex(), "node_id": endpoint_id}, indent=2) + "\n"
        FILE.write_text(json.dumps({
            "about": "Files written by the command line of the reference, aster-cli 0.1.2: trust keygen, trust sign, authorize, "
                     "enroll node. Made by conformance/generate/trust_files.py.",
            "root.key": read("root.key"), "root.pub": read("root.pub"), "node.key": node_key,
            "credentials": credentials, "identities": identities,
        }, indent=1) + "\n", encoding="utf-8")


main()
