"""Writes conformance/vectors/credentials.json: credentials, what the released wheel says to each, and what is right.

    __test__/interop/.venv/bin/python conformance/generate/credentials.py [--check]

Every sample is presented to the wheel's own admission code, with its clock set and without a network. `--check` compares
with the file instead of writing it. The same input gives the same bytes.
"""

import asyncio
import hashlib
import json
import logging
import sys
from pathlib import Path

from aster.trust import admission, bootstrap, consumer
from aster.trust.credentials import ConsumerEnrollmentCredential, EnrollmentCredential
from aster.trust.nonces import InMemoryNonceStore
from aster.trust.signing import _canonical_signing_bytes as signing_bytes
from aster.trust.signing import load_private_key, sign_credential

FILE = Path(__file__).resolve().parents[1] / "vectors" / "credentials.json"
NOW = 1_800_000_000
EXPIRY = 1_893_456_000
ORDER = 2**252 + 27742317777372353535851937790883648493


def seed(word):
    return hashlib.sha256(f"aster-credentials:{word}".encode()).digest()


def public(word):
    return load_private_key(seed(word)).public_key().public_bytes_raw()


ROOT, OTHER_ROOT = "root", "other root"
PEER, OTHER_PEER = public("peer").hex(), public("other peer").hex()
NONCE = bytes(range(32))
KINDS = {
    "policy, bound": ("policy", PEER, None),
    "policy, unbound": ("policy", None, None),
    "one-time, bound": ("ott", PEER, NONCE),
    "one-time, unbound": ("ott", None, NONCE),
    "producer": ("producer", PEER, None),
}


def make(kind, attributes=None, expires_at=EXPIRY, root=ROOT, endpoint_id=False, nonce=False, signer=None):
    """A credential object that the wheel has signed."""
    word, bound, default_nonce = KINDS[kind]
    bound = bound if endpoint_id is False else endpoint_id
    common = dict(root_pubkey=public(root), expires_at=expires_at, attributes=attributes or {})
    if word == "producer":
        credential = EnrollmentCredential(endpoint_id=bound, **common)
    else:
        nonce = default_nonce if nonce is False else nonce
        credential = ConsumerEnrollmentCredential(credential_type=word, endpoint_id=bound, nonce=nonce, **common)
    try:
        credential.signature = sign_credential(credential, seed(signer or root))
    except Exception:  # what cannot be packed cannot be signed
        credential.signature = bytes(64)
    return credential


def document(credential):
    """The members of the document that is sent."""
    if isinstance(credential, EnrollmentCredential):
        return {
            "endpoint_id": credential.endpoint_id,
            "root_pubkey": credential.root_pubkey.hex(),
            "expires_at": credential.expires_at,
            "attributes": credential.attributes,
            "signature": credential.signature.hex(),
        }
    return json.loads(consumer.consumer_cred_to_json(credential))


def text_of(members, **how):
    return json.dumps(members, **({"separators": (",", ":")} | how))


SAMPLES = []


def sample(name, gate, text, expected, departure=None, **more):
    """`expected` is ADMITTED or the word of the reason; `departure` tells why the wheel decides otherwise."""
    if not isinstance(text, str):
        text = text_of(text)
    one = {"name": name, "gate": gate, "credential": text, "expected": expected} | more
    if departure:
        one["departure"] = departure
    SAMPLES.append(one)


def gate_of(kind):
    return "producer" if kind == "producer" else "consumer"


def for_kinds(name, expected, change, kinds=KINDS, departure=None, **more):
    for kind in kinds:
        sample(f"{kind}: {name}", gate_of(kind), change(kind), expected, departure, **more)


CONSUMERS = [kind for kind in KINDS if kind != "producer"]


def valid():
    """What is right, in all types and with attributes that are hard to sign alike."""
    attribute_sets = {
        "no attributes": {},
        "one role": {"aster.role": "ref.user"},
        "roles with spaces and empty ones": {"aster.role": " a, b ,,c ", "aster.name": "edge"},
        "names in another order than sorted": {"z": "1", "aster.role": "x", "A": "2", "a": "3", "aa": "4"},
        "names beyond ASCII": {"é": "1", "z": "2", "\uffff": "3", "🚀": "4", "Zürich": "5"},
        "values with quotes and backslashes": {"q": 'say "hi"', "b": "a\\b", "s": "a/b"},
        "control characters": {"c": "".join(map(chr, range(32))) + "\x7f\x80\u2028"},
        "empty name and value": {"": "", "x": ""},
        "a hundred attributes": {f"k{n}": str(n) for n in range(100)},
        "a long value": {"long": "x" * 8000},
        "names that JavaScript objects have": {"__proto__": "1", "constructor": "2", "toString": "3"},
    }
    for name, attributes in attribute_sets.items():
        for_kinds(name, "ADMITTED", lambda kind, a=attributes: document(make(kind, a)))
    for_kinds("upper-case hexadecimal", "ADMITTED", upper_case)
    for_kinds("indented, members sorted", "ADMITTED",
              lambda kind: text_of(document(make(kind)), indent=3, sort_keys=True, separators=None))
    for_kinds("unknown members", "ADMITTED",
              lambda kind: {"zap": [1, {"a": None}], **document(make(kind)), "type": "zap"})
    for_kinds("of repeated members the last counts", "ADMITTED",
              lambda kind: text_of(document(make(kind)))[:-1].replace('{', '{"expires_at":5,"signature":"",', 1) + "}")
    for_kinds("attributes in raw UTF-8", "ADMITTED",
              lambda kind: text_of(document(make(kind, {"ü": "🚀"})), ensure_ascii=False))


def upper_case(kind):
    members = document(make(kind))
    return members | {n: members[n].upper() for n in ("root_pubkey", "signature", "nonce") if members.get(n)}


def times():
    def at(expires_at):
        return lambda kind: document(make(kind, expires_at=expires_at))

    for name, expires_at, expected in [
        ("expires in a second", NOW + 1, "ADMITTED"),
        ("expires now", NOW, "EXPIRED"),
        ("expired a second ago", NOW - 1, "EXPIRED"),
        ("expired in 1970", 0, "EXPIRED"),
        ("expires at 2^32", 2**32, "ADMITTED"),
        ("expires at 2^53 + 1", 2**53 + 1, "ADMITTED"),
        ("expires at 2^64 - 1", 2**64 - 1, "ADMITTED"),
        ("expires at 2^64", 2**64, "MALFORMED"),
    ]:
        for_kinds(name, expected, at(expires_at))

    def written(value):
        return lambda kind: document(make(kind)) | {"expires_at": value}

    some = ["policy, bound", "one-time, unbound", "producer"]
    for name, value, expected in [
        ("expiry with a fraction", EXPIRY + 0.75, "ADMITTED"),
        ("expiry as text", str(EXPIRY), "ADMITTED"),
        ("expiry as text with spaces, sign and underscores", " +1_893_456_000\n", "ADMITTED"),
        ("expiry as text with a doubled underscore", "1893__456000", "MALFORMED"),
        ("expiry as text with a fraction", "1893456000.0", "MALFORMED"),
        ("expiry as hexadecimal text", hex(EXPIRY), "MALFORMED"),
        ("expiry null", None, "MALFORMED"),
        ("expiry a list", [EXPIRY], "MALFORMED"),
        ("expiry true", True, "MALFORMED"),
        ("expiry negative", -5, "MALFORMED"),
        ("expiry later than signed", EXPIRY + 1, "BAD_SIGNATURE"),
    ]:
        for_kinds(name, expected, written(value), some)
    for_kinds("no expiry", "MALFORMED",
              lambda kind: {n: v for n, v in document(make(kind)).items() if n != "expires_at"}, some)
    why = "the reference does not know aster.not_before"
    for name, value, expected in [
        ("valid from the next second on", str(NOW + 1), "NOT_YET_VALID"),
        ("valid from a text on", "tomorrow", "NOT_BEFORE_UNREADABLE"),
        ("valid from an empty text on", "", "NOT_BEFORE_UNREADABLE"),
        ("valid from a negative time on", "-1", "NOT_BEFORE_UNREADABLE"),
    ]:
        for_kinds(name, expected, lambda kind, v=value: document(make(kind, {"aster.not_before": v})), some, why)
    for_kinds("valid from now on", "ADMITTED",
              lambda kind: document(make(kind, {"aster.not_before": str(NOW)})), some)


def roots():
    for_kinds("of another root", "WRONG_ROOT", lambda kind: document(make(kind, root=OTHER_ROOT)))
    for_kinds("of another root, signed by the trusted one", "WRONG_ROOT",
              lambda kind: document(make(kind, root=OTHER_ROOT, signer=ROOT)))
    for_kinds("signed by another root", "BAD_SIGNATURE", lambda kind: document(make(kind, signer=OTHER_ROOT)))
    for_kinds("one of two trusted roots", "ADMITTED", lambda kind: document(make(kind, root=OTHER_ROOT)),
              roots=[public(ROOT).hex(), public(OTHER_ROOT).hex()])
    some = ["policy, unbound", "producer"]
    for name, value, expected in [
        ("a root key of 31 bytes", "aa" * 31, "MALFORMED"),
        ("a root key that is not hexadecimal", "zz" * 32, "MALFORMED"),
        ("an empty root key", "", "MALFORMED"),
        ("a null root key", None, "MALFORMED"),
        ("a root key that is a number", 5, "MALFORMED"),
        ("the root key of order one", "01" + "00" * 31, "WRONG_ROOT"),
        ("a root key that is no point", "02" + "00" * 31, "WRONG_ROOT"),
    ]:
        for_kinds(name, expected, lambda kind, v=value: document(make(kind)) | {"root_pubkey": v}, some)


def flipped(text, at):
    data = bytearray.fromhex(text)
    data[at] ^= 1
    return data.hex()


def signatures():
    def with_signature(change):
        def members(kind):
            one = document(make(kind))
            return one | {"signature": change(one["signature"])}
        return members

    some = ["policy, bound", "one-time, unbound", "producer"]
    for name, change, expected in [
        ("first bit of the signature flipped", lambda s: flipped(s, 0), "BAD_SIGNATURE"),
        ("last byte of the commitment flipped", lambda s: flipped(s, 31), "BAD_SIGNATURE"),
        ("a bit of the scalar flipped", lambda s: flipped(s, 32), "BAD_SIGNATURE"),
        ("the group's order added to the scalar", unreduced, "BAD_SIGNATURE"),
        ("signature of zeros", lambda s: "00" * 64, "BAD_SIGNATURE"),
        ("empty signature", lambda s: "", "BAD_SIGNATURE"),
        ("null signature", lambda s: None, "BAD_SIGNATURE"),
        ("signature of 63 bytes", lambda s: s[2:], "MALFORMED"),
        ("signature of 65 bytes", lambda s: s + "00", "MALFORMED"),
        ("signature that is not hexadecimal", lambda s: "zz" * 64, "MALFORMED"),
        ("signature with spaces", lambda s: s[:62] + "  " + s[64:], "MALFORMED"),
    ]:
        for_kinds(name, expected, with_signature(change), some)
    for_kinds("no signature", "BAD_SIGNATURE",
              lambda kind: {n: v for n, v in document(make(kind)).items() if n != "signature"}, CONSUMERS[:2])
    for_kinds("commitment of small order", "BAD_SIGNATURE", small_order, some,
              "the wheel's check is lenient about commitments of small order, which only the key's owner can make")
    tampered()


def unreduced(signature):
    scalar = int.from_bytes(bytes.fromhex(signature[64:]), "little") + ORDER
    return signature[:64] + scalar.to_bytes(32, "little").hex()


def small_order(kind):
    """A signature whose commitment is the neutral point: the equation holds, and a strict check refuses it."""
    credential = make(kind)
    digest = bytearray(hashlib.sha512(seed(ROOT)).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 63 | 64
    commitment = b"\1" + bytes(31)
    challenge = hashlib.sha512(commitment + public(ROOT) + signing_bytes(credential)).digest()
    scalar = int.from_bytes(challenge, "little") * int.from_bytes(digest, "little") % ORDER
    credential.signature = commitment + scalar.to_bytes(32, "little")
    return document(credential)


def tampered():
    for_kinds("a role added after signing", "BAD_SIGNATURE",
              lambda kind: document(make(kind)) | {"attributes": {"aster.role": "admin"}})
    for_kinds("an attribute removed after signing", "BAD_SIGNATURE",
              lambda kind: document(make(kind, {"zone": "eu"})) | {"attributes": {}})
    bound = ["policy, bound", "one-time, bound"]
    for_kinds("the binding removed after signing", "BAD_SIGNATURE",
              lambda kind: document(make(kind)) | {"endpoint_id": None}, bound)
    for_kinds("bound after signing", "BAD_SIGNATURE",
              lambda kind: document(make(kind)) | {"endpoint_id": PEER}, ["policy, unbound", "one-time, unbound"])
    sample("one-time turned into policy", "consumer",
           document(make("one-time, bound")) | {"credential_type": "policy", "nonce": None}, "BAD_SIGNATURE")
    sample("policy turned into one-time", "consumer",
           document(make("policy, bound")) | {"credential_type": "ott", "nonce": NONCE.hex()}, "BAD_SIGNATURE")
    sample("another nonce", "consumer", document(make("one-time, bound")) | {"nonce": "ee" * 32}, "BAD_SIGNATURE")
    producer = document(make("producer"))
    sample("a producer's signature for a policy", "consumer",
           document(make("policy, bound")) | {"signature": producer["signature"]}, "BAD_SIGNATURE")
    sample("a policy's signature for a producer", "producer",
           producer | {"signature": document(make("policy, bound"))["signature"]}, "BAD_SIGNATURE")


def bindings():
    bound = ["policy, bound", "one-time, bound"]
    other = lambda kind: document(make(kind, endpoint_id=OTHER_PEER))
    for_kinds("bound to another node", "WRONG_PEER", other, bound)
    sample("producer: bound to another node", "producer", other("producer"), "WRONG_PEER",
           "the wheel compares a producer's endpoint id with itself")
    for_kinds("bound in capitals", "WRONG_PEER",
              lambda kind: document(make(kind, endpoint_id=PEER.upper())), bound)
    for_kinds("bound to nothing", "WRONG_PEER", lambda kind: document(make(kind, endpoint_id="")), bound)
    for name, value in [
        ("bound to 63 digits", PEER[1:]), ("bound to a text", "peer" * 16), ("bound to a number", 7),
        ("bound to false", False), ("bound to a list", [PEER]),
    ]:
        for_kinds(name, "MALFORMED", lambda kind, v=value: document(make(kind)) | {"endpoint_id": v}, bound)
    producer = document(make("producer"))
    sample("producer: bound to null", "producer", producer | {"endpoint_id": None}, "MALFORMED")
    sample("producer: no binding", "producer",
           {n: v for n, v in producer.items() if n != "endpoint_id"}, "MALFORMED")


def types():
    policy, one_time = document(make("policy, bound")), document(make("one-time, bound"))
    for name, word in [("zap", "zap"), ("empty", ""), ("Policy", "Policy"), ("producer", "producer"), ("OTT", "OTT"),
                       ("policy with a space", "policy ")]:
        sample(f"type {name}", "consumer", policy | {"credential_type": word}, "UNKNOWN_TYPE")
    for name, word in [("null", None), ("a number", 0), ("a list", ["policy"])]:
        sample(f"type {name}", "consumer", policy | {"credential_type": word}, "MALFORMED")
    for kind in CONSUMERS:
        members = document(make(kind))
        del members["credential_type"]
        sample(f"{kind}: called type, as in a file", "consumer", members | {"type": KINDS[kind][0]}, "MALFORMED")
    sample("a producer credential at the consumer gate", "consumer", document(make("producer")), "MALFORMED")
    sample("a policy credential at the producer gate", "producer", policy, "BAD_SIGNATURE")
    sample("a one-time credential at the producer gate", "producer", one_time, "BAD_SIGNATURE")
    for name, nonce in [("null", None), ("empty", ""), ("zero", 0), ("false", False)]:
        sample(f"one-time, nonce {name}", "consumer", document(make("one-time, bound", nonce=None)) | {"nonce": nonce},
               "NONCE_MISSING")
        sample(f"policy, nonce {name}", "consumer", policy | {"nonce": nonce}, "ADMITTED")
    for size in (31, 33):
        sample(f"one-time, nonce of {size} bytes", "consumer",
               document(make("one-time, bound", nonce=bytes(size))), "MALFORMED")
    sample("one-time, nonce not hexadecimal", "consumer", one_time | {"nonce": "zz" * 32}, "MALFORMED")
    sample("one-time, nonce a number", "consumer", one_time | {"nonce": 5}, "MALFORMED")
    sample("policy with a signed nonce", "consumer", document(make("policy, bound", nonce=NONCE)), "NONCE_UNEXPECTED")
    for kind in ("one-time, bound", "one-time, unbound"):
        sample(f"{kind}: used before", "consumer", document(make(kind)), "REPLAYED", consumed=[NONCE.hex()])
        sample(f"{kind}: another one was used before", "consumer", document(make(kind)), "ADMITTED",
               consumed=["ee" * 32])


def attributes():
    some = ["policy, bound", "producer"]
    why = "attributes are texts; the wheel signs and takes other values too"
    for name, value in [("a number", {"n": 1}), ("null", {"n": None}), ("a list", {"aster.role": ["admin"]}),
                        ("an object", {"o": {}}), ("true", {"t": True})]:
        for_kinds(f"an attribute that is {name}", "MALFORMED", lambda kind, v=value: document(make(kind, v)), some, why)
    for name, value in [("a list", [1]), ("a text", "aster.role"), ("a number", 5), ("true", True)]:
        for_kinds(f"attributes that are {name}", "MALFORMED",
                  lambda kind, v=value: document(make(kind)) | {"attributes": v}, some)
    for name, value in [("null", None), ("an empty list", []), ("an empty text", ""), ("false", False)]:
        sample(f"policy, bound: attributes that are {name}", "consumer",
               document(make("policy, bound")) | {"attributes": value}, "ADMITTED")
        sample(f"producer: attributes that are {name}", "producer",
               document(make("producer")) | {"attributes": value}, "MALFORMED")
    for_kinds("no attributes member", "ADMITTED",
              lambda kind: {n: v for n, v in document(make(kind)).items() if n != "attributes"}, some)
    why = "attributes have at most 256 names and 16,384 bytes"
    for_kinds("257 attributes", "MALFORMED", lambda kind: document(make(kind, {str(n): "" for n in range(257)})), some, why)
    for_kinds("16,385 bytes of attributes", "MALFORMED", lambda kind: document(make(kind, {"a": "x" * 16384})), some, why)
    for provider in ("gcp", "azure", "zap", ""):
        sample(f"policy, bound: cloud identity {provider or 'of nobody'}", "consumer",
               document(make("policy, bound", {"aster.iid_provider": provider})), "CLOUD_IDENTITY")
    sample("policy, bound: cloud identity aws", "consumer",
           document(make("policy, bound", {"aster.iid_provider": "aws"})), "CLOUD_IDENTITY", skip_wheel=True)
    sample("producer: cloud identity gcp", "producer", document(make("producer", {"aster.iid_provider": "gcp"})),
           "CLOUD_IDENTITY", "the wheel makes no identity checks of producers")


def texts():
    for gate, kind in (("consumer", "policy, bound"), ("producer", "producer")):
        right = text_of(document(make(kind)))
        members = right[1:-1]
        for name, text in [
            ("an empty object", "{}"), ("a list", f"[{right}]"), ("a text", json.dumps(right)), ("null", "null"),
            ("a number", "5"), ("no JSON", "zap"), ("half of it", right[:-40]), ("a trailing comma", f"{{{members},}}"),
            ("something behind it", right + "x"), ("two of it", right + right), ("a byte order mark", "\ufeff" + right),
            ("single quotes", right.replace('"', "'")), ("a comment", right[:-1] + "/**/}"), ("white space", " \n"),
            ("a raw line end in a text", right.replace('"attributes":{}', '"attributes":{"a":"\n"}')),
            ("half a surrogate pair", right.replace('"attributes":{}', '"attributes":{"a":"\\ud800"}')),
        ]:
            sample(f"{kind}: {name}", gate, text, "MALFORMED")
        sample(f"{kind}: white space around it", gate, f"\n\t {right} \r\n", "ADMITTED")
        why = "strict about JSON where the wheel is not"
        sample(f"{kind}: not a number in an unknown member", gate, f'{{"x":NaN,{members}}}', "MALFORMED", why)
        sample(f"{kind}: two hundred lists in each other", gate, f'{{"x":{"[" * 200}{"]" * 200},{members}}}', "MALFORMED", why)
        sample(f"{kind}: more than 65,536 bytes", gate, right + " " * 65537, "MALFORMED",
               "the limit is checked here again; the wheel relies on that of the stream")
    sample("no credential", "consumer", "", "NO_CREDENTIAL")
    sample("no producer credential", "producer", "", "NO_CREDENTIAL")


def revocations():
    for kind in KINDS:
        members = document(make(kind))
        sample(f"{kind}: the peer is revoked", gate_of(kind), members, "REVOKED", skip_wheel=True, revoke_endpoint=PEER)
        sample(f"{kind}: the credential is revoked", gate_of(kind), members, "REVOKED", skip_wheel=True, revoke_itself=True)
        sample(f"{kind}: another peer is revoked", gate_of(kind), members, "ADMITTED", skip_wheel=True,
               revoke_endpoint=OTHER_PEER)


async def wheel(one):
    """What the wheel says: admitted, refused, or error where it ends without an answer."""
    if one.pop("skip_wheel", False):
        return None
    for root in map(bytes.fromhex, one.get("roots", [public(ROOT).hex()])):
        if one["gate"] == "producer":
            state = bootstrap.make_ephemeral_mesh_state(root)
            try:
                admitted = (await bootstrap.handle_admission_rpc(one["credential"], state, root)).accepted
            except Exception:
                return "error"
        else:
            nonces = InMemoryNonceStore()
            for used in one.get("consumed", []):
                await nonces.consume(bytes.fromhex(used))
            request = json.dumps({"credential_json": one["credential"], "iid_token": ""})
            try:
                answer = await consumer.handle_consumer_admission_rpc(
                    request, root, hook=None, peer_node_id=PEER, nonce_store=nonces)
                admitted = answer.admitted
            except Exception:
                return "error"
        if admitted:
            return "admitted"
    return "refused"


async def main():
    logging.disable(logging.CRITICAL)
    admission.time = type("Clock", (), {"time": staticmethod(lambda: NOW)})
    bootstrap._save_mesh_state = lambda state: None
    for part in (valid, times, roots, signatures, bindings, types, attributes, texts, revocations):
        part()
    assert len({one["name"] for one in SAMPLES}) == len(SAMPLES), "names are unique"
    for one in SAMPLES:
        one["wheel"] = await wheel(one)
        agrees = one["wheel"] is None or (one["wheel"] == "admitted") == (one["expected"] == "ADMITTED")
        assert agrees != ("departure" in one), one["name"] + f": the wheel says {one['wheel']}"
    about = (
        "Credentials as they are presented at a gate. expected: ADMITTED or the word of the reason; wheel: what the released "
        "wheel aster-rpc 0.1.2 says (admitted, refused, error for no answer, null where it is not asked); departure: why that "
        "is not the same. Optional: roots (trusted keys), consumed (nonces used before), revoke_endpoint, revoke_itself. "
        "Made by conformance/generate/credentials.py with the wheel's own signing and admission code."
    )
    lines = ",\n".join("  " + json.dumps(one, ensure_ascii=True) for one in SAMPLES)
    head = json.dumps({"about": about, "now": NOW, "peer": PEER, "root_seed_hex": seed(ROOT).hex(),
                       "root_pubkey": public(ROOT).hex()})[:-1]
    text = f'{head},"cases":[\n{lines}\n]}}\n'
    counts = {}
    for one in SAMPLES:
        counts[one["expected"]] = counts.get(one["expected"], 0) + 1
    if "--check" in sys.argv:
        if FILE.read_text(encoding="utf-8") != text:
            sys.exit(f"{FILE.name} is not what the wheel says now")
    else:
        FILE.write_text(text, encoding="utf-8")
    print(json.dumps({"samples": len(SAMPLES), "departures": sum("departure" in one for one in SAMPLES)} | counts))


asyncio.run(main())
