"""The Python side of the differential test. It builds the types of a request, decodes messages and encodes them again.

Each line on stdin is a JSON request. Each line on stdout is a JSON response:

    {"world": [TYPE...], "echo": [HEX...], "make": COUNT, "seed": NUMBER, "damaged": [HEX...]}
    {"echo": [[TEXT, HEX] or [ERROR]...], "made": [[TEXT, HEX] or [ERROR]...], "damaged": [[TEXT, ""] or [ERROR]...]}

    {"world": [TYPE...], "json": [HEX...]}
    {"json": [[TEXT, TEXT AGAIN] or [ERROR]...]}

    {"world": [TYPE...], "services": [SERVICE...]}
    {"contracts": [{"contractId": HEX, "open": [HEX...], "canonical": HEX, "manifest": {...}}...]}

`__test__/fuzz/support/types.ts` defines the notation of TYPE, and `text.ts` in the same folder the notation of TEXT. The
script uses the codecs of the reference and, for services, its contracts. A damaged message can crash the reference (by a
null pointer or a deep recursion). A child process decodes these messages, and the message that crashed it gets the
response ["crash"].
"""
import array
import datetime
import enum
import functools
import importlib
import json
import os
import random
import resource
import struct
import sys
import types
from dataclasses import make_dataclass
from typing import Any, Dict, List, Optional, Set, Union

import contracts
import pyfory
from aster import json_codec

sys.setrecursionlimit(3000)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
UTC = datetime.timezone.utc
MICROSECOND = datetime.timedelta(microseconds=1)

SCALARS = {
    "bool": bool, "int8": pyfory.int8, "int16": pyfory.int16, "int32": pyfory.int32, "int": int, "bigint": int,
    "int64": pyfory.int64, "fixedInt32": pyfory.fixed_int32, "fixedInt64": pyfory.fixed_int64,
    "taggedInt64": pyfory.tagged_int64, "uint8": pyfory.uint8, "uint16": pyfory.uint16, "uint32": pyfory.uint32,
    "uint64": pyfory.uint64, "fixedUint32": pyfory.fixed_uint32, "fixedUint64": pyfory.fixed_uint64,
    "taggedUint64": pyfory.tagged_uint64, "float32": pyfory.float32, "float": float, "string": str, "bytes": bytes,
    "timestamp": datetime.datetime, "timestampMicros": datetime.datetime, "date": datetime.date,
    "any": Any, "anyList": list, "anyMap": dict,
}
# The element type of each typed array, and the type code of Python's `array` for it.
ARRAYS = {"int16": "h", "int32": "i", "int64": "l", "uint16": "H", "uint32": "I", "uint64": "L", "float32": "f",
          "float64": "d"}
SCALARS.update({f"{word}Array": getattr(pyfory, f"{word}_array") for word in ARRAYS})
WORDS = {code: word for word, code in ARRAYS.items()}


class World:
    """The classes of one request, registered with a new codec."""

    def __init__(self, world):
        self.declared = {declared["tag"]: declared for declared in world}
        self.root = world[-1]["tag"]
        self.refs = world[-1]["refs"]
        self.compatible = world[-1]["compatible"]
        self.seen = {}
        self.module = types.ModuleType("differential_world")
        sys.modules["differential_world"] = self.module
        self.names = {declared["tag"]: f"T{number}" for number, declared in enumerate(world)}
        self.classes = {}
        for kind in ("enum", "message"):
            for declared in world:
                if declared["kind"] == kind:
                    cls = self.declare(declared)
                    setattr(self.module, cls.__name__, cls)
                    self.classes[declared["tag"]] = cls
        self.tags = {cls: tag for tag, cls in self.classes.items()}

    def declare(self, declared):
        name = self.names[declared["tag"]]
        if declared["kind"] == "enum":
            return enum.Enum(name, {member: member for member in declared["members"]}, type=str)
        cls = make_dataclass(name, [self.member(member) for member in declared["fields"]])
        cls.__module__ = self.module.__name__
        return cls

    def member(self, member):
        hint = self.hint(member["type"])
        if not member["shared"]:
            return member["name"], hint
        nullable = isinstance(member["type"], dict) and "optional" in member["type"]
        return member["name"], hint, pyfory.field(ref=True, nullable=nullable)

    def hint(self, kind):
        """Returns the annotation of a type. A message is given by name, because its class may not exist yet."""
        if isinstance(kind, str):
            return SCALARS[kind]
        (form, inside), = kind.items()
        if form == "list":
            return List[self.hint(inside)]
        if form == "set":
            return Set[self.hint(inside)]
        if form == "map":
            return Dict[self.hint(inside[0]), self.hint(inside[1])]
        if form == "optional":
            return Optional[self.hint(inside)]
        if form == "union":
            return Union[tuple(self.names[tag] for tag in inside)]
        return self.classes[inside] if form == "enum" else self.names[inside]

    @functools.cached_property
    def fory(self):
        fory = pyfory.Fory(xlang=True, ref=self.refs, compatible=self.compatible)
        for tag, cls in self.classes.items():
            namespace, _, name = tag.rpartition("/")
            fory.register_type(cls, namespace=namespace, typename=name)
        # Every type once, leaves first: a serializer that is made during a message crashes the process.
        for tag, declared in self.declared.items():
            if declared["kind"] == "message":
                fory.deserialize(fory.serialize(self.smallest(tag)))
        return fory

    def smallest(self, tag):
        values = [self.empty(member["type"]) for member in self.declared[tag]["fields"]]
        return self.classes[tag](*values)

    def empty(self, kind):
        if isinstance(kind, str):
            if kind == "any":
                return None
            if kind in ("timestamp", "timestampMicros"):
                return EPOCH
            if kind.endswith("Array"):
                return array.array(ARRAYS[kind[:-5]])
            return datetime.date(1970, 1, 1) if kind == "date" else SCALARS_EMPTY.get(kind, 0)
        (form, inside), = kind.items()
        if form == "enum":
            return list(self.classes[inside])[0]
        if form == "message":
            return self.smallest(inside)
        if form == "union":
            return self.smallest(inside[0])
        return {"list": list, "set": set, "map": dict, "optional": lambda: None}[form]()

    # These methods write a value in the notation of text.ts.

    def whole(self, value):
        self.seen = {}
        return self.once(value, lambda: self.message(value))

    def once(self, value, text):
        """Returns the text of a collection or message at its first occurrence, and its number at every later one."""
        number = self.seen.get(id(value))
        if number is not None:
            return f"#{number}"
        self.seen[id(value)] = len(self.seen)
        return text()

    def text(self, kind, value):
        if isinstance(kind, str):
            return self.scalar(kind, value)
        (form, inside), = kind.items()
        if form == "optional":
            return "n" if value is None else self.text(inside, value)
        if form == "list":
            expect(value, list)
            return self.once(value, lambda: "[" + ",".join([self.text(inside, item) for item in value]) + "]")
        if form == "set":
            expect(value, set)
            return self.once(value, lambda: set_text([self.text(inside, item) for item in value]))
        if form == "map":
            expect(value, dict)
            pairs = lambda: [(self.text(inside[0], key), self.text(inside[1], item)) for key, item in value.items()]
            return self.once(value, lambda: map_text(pairs()))
        if form == "enum":
            expect(value, self.classes[inside])
            return f"E{ordinal(value)}"
        if form == "message":
            expect(value, self.classes[inside])
        return self.dynamic(value)

    def message(self, value):
        tag = self.tags[type(value)]
        members = self.declared[tag]["fields"]
        texts = [self.text(member["type"], getattr(value, member["name"])) for member in members]
        return f"({plain(tag)} {' '.join(texts)})"

    def scalar(self, kind, value):
        if kind == "anyList":
            expect(value, list)
        if kind == "anyMap":
            expect(value, dict)
        if kind in ("any", "anyList", "anyMap"):
            return self.dynamic(value)
        if kind in ("float", "float32"):
            expect(value, float)
            return float_text(value)
        if kind == "timestamp":
            expect(value, datetime.datetime)
            return moment(value, 1000)
        if kind == "timestampMicros":
            expect(value, datetime.datetime)
            return moment(value, 1)
        if kind.endswith("Array"):
            expect(value, array.array)
            return self.dynamic(value)
        expected = SCALARS[kind]
        expect(value, expected if expected in (bool, str, bytes, datetime.date) else int)
        return self.dynamic(value)

    def dynamic(self, value):
        kind = type(value)
        if value is None:
            return "n"
        if kind is bool:
            return "t" if value else "f"
        if kind is int:
            return f"i{value}"
        if kind is float:
            whole = value.is_integer() and abs(value) < 2**53 and not (value == 0 and str(value)[0] == "-")
            return f"i{int(value)}" if whole else float_text(value)
        if kind is str:
            return plain(value)
        if kind is bytes:
            return "b" + value.hex()
        if kind is datetime.datetime:
            return moment(value, 1000)
        if kind is datetime.date:
            return f"D{value.toordinal() - 719163}"
        if kind is array.array:
            return f"A{WORDS[value.typecode]}.{value.tobytes().hex()}"
        if isinstance(value, enum.Enum):
            return f"E{plain(self.tags[kind])}.{ordinal(value)}"
        if kind is list:
            return self.once(value, lambda: "[" + ",".join([self.dynamic(item) for item in value]) + "]")
        if kind is set:
            return self.once(value, lambda: set_text([self.key(item) for item in value]))
        if kind is dict:
            pairs = lambda: [(self.key(key), self.dynamic(item)) for key, item in value.items()]
            return self.once(value, lambda: map_text(pairs()))
        if kind in self.tags:
            return self.once(value, lambda: self.message(value))
        raise TypeError(f"a {kind} has no text")

    def key(self, value):
        if type(value) is bool:
            return f"i{int(value)}"
        return self.dynamic(0 if type(value) is float and value == 0 else value)

    def read(self, message, again):
        value = self.fory.deserialize(message)
        expect(value, self.classes[self.root])
        return [self.whole(value), self.fory.serialize(value).hex() if again else ""]

    def attempt(self, message, again):
        try:
            return self.read(message, again)
        except Exception as error:
            return [f"{type(error).__name__}: {str(error)[:160]}"]


def expect(value, kind):
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} where {kind.__name__} is declared")


def ordinal(member):
    return list(type(member)).index(member)


def plain(text):
    return "s" + text.encode("utf-8").hex()


def float_text(value):
    return "nan" if value != value else "d" + struct.pack(">d", value).hex()


def moment(value, step):
    micros = (value.astimezone(UTC) - EPOCH) // MICROSECOND
    return f"T{micros - micros % step}"


def set_text(items):
    return "{" + ",".join(sorted(set(items))) + "}"


def map_text(entries):
    return "<" + ",".join([f"{key}:{item}" for key, item in dict(entries).items()]) + ">"


SCALARS_EMPTY = {"bool": False, "float32": 0.0, "float": 0.0, "string": "", "bytes": b"", "anyList": [], "anyMap": {}}


class Maker:
    """Makes random values. It shares no code with the generator in TypeScript, so the two cannot have the same mistake."""

    TEXTS = ["", "a", "é", "日本", "😀", "a😀é日", "x" * 70, "\x00", "__proto__", "ÿ" * 40, "日" * 33]
    INTS = [0, 1, -1, 63, 64, -64, -65, 127, 128, 2**31, 2**53 - 1]

    def __init__(self, world, seed):
        self.world = world
        self.random = random.Random(seed)
        self.fuel = 0
        self.made = {}

    def root(self):
        """Returns a random value. With reference tracking, some of its parts occur several times or contain themselves."""
        self.fuel = self.random.choice([5, 15, 40])
        self.made = {}
        root = self.message(self.world.root, 0)
        for kind, values in list(self.made.items()):
            for value in values if kind.startswith('{"message"') else ():
                self.close(value)
        return root

    def close(self, value):
        for member in self.world.declared[self.world.tags[type(value)]]["fields"]:
            kind = member["type"]
            if member["shared"] and isinstance(kind, dict) and "optional" in kind:
                known = self.made.get(json.dumps(kind["optional"]))
                if known and getattr(value, member["name"]) is None and self.random.random() < 0.5:
                    setattr(value, member["name"], self.random.choice(known))

    def keep(self, kind, value):
        self.made.setdefault(json.dumps(kind), []).append(value)
        return value

    def shareable(self, kind, depth):
        known = self.made.get(json.dumps(kind)) if self.world.refs else None
        return self.random.choice(known) if known and self.random.random() < 0.3 else self.value(kind, depth)

    def message(self, tag, depth):
        self.fuel -= 1
        parts = []
        for member in self.world.declared[tag]["fields"]:
            make = self.shareable if member["shared"] else self.value
            parts.append(make(member["type"], depth + 1))
        return self.keep({"message": tag}, self.world.classes[tag](*parts))

    def count(self, depth):
        if self.fuel <= 0 or depth > 20:
            return 0
        return self.random.randint(0, min(self.fuel + 3, 300 if self.random.random() < 0.04 else 5))

    def value(self, kind, depth):
        if isinstance(kind, str):
            return self.scalar(kind, depth)
        (form, inside), = kind.items()
        if form == "optional":
            empty = self.fuel <= 0 or depth > 20 or self.random.random() < 0.3
            return None if empty else self.value(inside, depth)
        if form == "enum":
            return self.random.choice(list(self.world.classes[inside]))
        if form == "message":
            return self.message(inside, depth)
        if form == "union":
            return self.message(self.random.choice(inside), depth)
        self.fuel -= 1
        count = self.count(depth)
        if form == "list":
            return self.keep(kind, [self.shareable(inside, depth + 1) for _ in range(count)])
        if form == "set":
            return {self.value(inside, depth + 1) for _ in range(count)}
        pairs = [(self.value(inside[0], depth + 1), self.shareable(inside[1], depth + 1)) for _ in range(count)]
        return self.keep(kind, dict(pairs))

    def integer(self, least, most):
        value = self.random.choice(self.INTS) if self.random.random() < 0.3 else self.random.randint(least, most)
        return min(max(value >> self.random.choice([0, 0, 8, 30, 50]), least), most)

    def scalar(self, kind, depth):
        if kind == "any":
            return self.dynamic(depth)
        if kind == "anyList":
            return [self.dynamic(depth + 1) for _ in range(self.count(depth))]
        if kind == "anyMap":
            return {self.string(): self.dynamic(depth + 1) for _ in range(self.count(depth))}
        if kind == "bool":
            return self.random.random() < 0.5
        if kind in ("float", "float32"):
            return self.floating(kind == "float32")
        if kind == "string":
            return self.string()
        if kind == "bytes":
            return self.random.randbytes(self.random.randint(0, 40))
        if kind == "date":
            return datetime.date.fromordinal(self.random.randint(1, datetime.date.max.toordinal()))
        if kind == "timestampMicros":
            return EPOCH + datetime.timedelta(microseconds=15625 * self.random.randint(-2**39, 2**39))
        if kind == "timestamp":
            return EPOCH + datetime.timedelta(milliseconds=125 * self.random.randint(-2**36, 2**36))
        if kind.endswith("Array"):
            made = array.array(ARRAYS[kind[:-5]])
            made.frombytes(self.random.randbytes(8 * self.random.randint(0, 6)))
            return made
        if kind == "int":
            return self.integer(1 - 2**53, 2**53 - 1)
        bits = int("".join(filter(str.isdigit, kind)) or 64)
        return self.integer(0, 2**bits - 1) if "int" in kind.lower() and "u" in kind.lower() \
            else self.integer(-2**(bits - 1), 2**(bits - 1) - 1)

    def floating(self, single):
        values = [0.0, -0.0, 1.0, 1.5, float("nan"), float("inf"), float("-inf"), 5e-324, 1e300]
        value = self.random.choice(values) if self.random.random() < 0.4 else self.random.gauss(0, 1e6)
        if not single:
            return value
        return 2.5 if abs(value) == 1e300 else struct.unpack("<f", struct.pack("<f", value))[0]

    def string(self):
        if self.random.random() < 0.5:
            return self.random.choice(self.TEXTS)
        most = self.random.choice([0x7F, 0xFF, 0xD7FF, 0x10FFFF])
        codes = [self.random.randint(1, most) for _ in range(self.random.randint(0, 12))]
        return "".join(chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF)

    def dynamic(self, depth):
        roll = self.random.randint(0, 12)
        if roll == 0:
            return None
        if roll == 1:
            return self.random.random() < 0.5
        if roll <= 3:
            return self.integer(-2**63, 2**63 - 1)
        if roll == 4:
            # JavaScript cannot distinguish 2.0 from 2 and encodes it as an integer, so the fraction must not be zero.
            value = self.floating(False)
            return value + 0.5 if value.is_integer() and abs(value) < 2**52 else value if value != -0.0 else 0.25
        if roll <= 6:
            return self.string()
        if roll == 7:
            return self.scalar(self.random.choice(["bytes", "date", "timestamp"]), depth)
        if self.fuel <= 0 or depth > 20:
            return 7
        if roll == 8:
            return self.scalar(self.random.choice(["anyList", "anyMap"]), depth)
        if roll == 9:
            return {self.string() for _ in range(self.count(depth))}
        tag = self.random.choice(list(self.world.classes))
        cls = self.world.classes[tag]
        if issubclass(cls, enum.Enum):
            return self.random.choice(list(cls))
        return self.message(tag, depth)


def damaged(world, messages):
    """Decodes damaged messages in a child process. After a crash, a new child decodes the messages that are left."""
    outcomes = []
    while len(outcomes) < len(messages):
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(readable)
            try:
                child_reads(world, messages[len(outcomes):], writable)
            finally:
                os._exit(0)
        os.close(writable)
        with os.fdopen(readable, "rb") as answers:
            lines = answers.read().split(b"\n")
        os.waitpid(child, 0)
        outcomes.extend(json.loads(line) for line in lines[:-1])
        if len(outcomes) < len(messages):
            outcomes.append(["crash"])
    return outcomes


def child_reads(world, messages, out):
    # The reference imports a Python module by name when a message names a type that is not registered.
    importlib.import_module = refuse_import
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for message in messages:
        os.write(out, json.dumps(world.attempt(message, False)).encode() + b"\n")


def refuse_import(name, *_):
    raise ImportError(name)


def attempt_json(world, message):
    """Returns the value of a message as JSON text, and the text after decoding and encoding it once more."""
    value = world.fory.deserialize(message)
    try:
        text = json_codec.json_encode(value).decode()
    except Exception as error:
        return [f"{type(error).__name__}: {str(error)[:160]}"]
    return [text, json_codec.json_encode(json_codec.json_decode(text, world.classes[world.root])).decode()]


def answer(request):
    world = World(request["world"])
    if "services" in request:
        contracts.finish(world)
        return {"contracts": [contracts.describe(world, declared) for declared in request["services"]]}
    if "json" in request:
        return {"json": [attempt_json(world, bytes.fromhex(message)) for message in request["json"]]}
    maker = Maker(world, request["seed"])
    made = []
    for _ in range(request["make"]):
        value = maker.root()
        try:
            message = world.fory.serialize(value)
            # Without reference tracking, a value that occurs twice is decoded as two separate values.
            made.append([world.whole(world.fory.deserialize(message) if world.refs else value), message.hex()])
        except Exception as error:
            made.append([f"{type(error).__name__}: {str(error)[:160]}"])
    return {
        "echo": [world.attempt(bytes.fromhex(message), True) for message in request["echo"]],
        "made": made,
        "damaged": damaged(world, [bytes.fromhex(message) for message in request["damaged"]]),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
