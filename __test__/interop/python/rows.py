"""Rows as pyfory writes and reads them: one JSON line in for each case, one out.

In: {"type": T, "value": V, "row": hex}. T is a word, {"list": T}, {"set": T}, {"map": [T, T]}, {"optional": T} or
{"struct": [[name, T], ...]}. V is a string for numbers, true or false, text, hex for bytes, an array for lists, sets and
(in pairs) maps, an object for structs, null.
Out: {"schema": hex, "row": hex, "readable": bool, "problem": text or null}: what pyfory makes of V, whether it reads its
own row back (some nested types it does not), and if so, how what it reads from the row that it was given differs from V.
"""
import json
import math
import os
import sys
import warnings
from dataclasses import make_dataclass
from typing import Dict, List, Optional, Set

warnings.simplefilter("ignore")
import pyfory  # noqa: E402
from pyfory.format import RowData, create_row_encoder, infer_schema  # noqa: E402

# Its arrays of maps fail to clean up after themselves and say so on standard error; that is no matter of bytes. What is
# one stands in the answers.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

WORDS = {
    "bool": bool, "int": int, "float": float, "str": str, "bytes": bytes,
    "int8": pyfory.int8, "int16": pyfory.int16, "int32": pyfory.int32, "float32": pyfory.float32,
}
made = 0


def build(note):
    """The hint of a type, and what makes a value of it."""
    global made
    if isinstance(note, str):
        if note.startswith("int"):
            return WORDS[note], int
        if note.startswith("float"):
            return WORDS[note], float
        return WORDS[note], bytes.fromhex if note == "bytes" else lambda value: value
    (kind, inner), = note.items()
    if kind == "struct":
        fields = [(name, *build(part)) for name, part in inner]
        made += 1
        record = make_dataclass(f"Record{made}", [(name, hint) for name, hint, _ in fields])
        return record, lambda value: record(**{name: make(value[name]) for name, _, make in fields})
    if kind == "map":
        (key, make_key), (value, make_value) = map(build, inner)
        return Dict[key, value], lambda pairs: {make_key(k): make_value(v) for k, v in pairs}
    hint, make = build(inner)
    if kind == "optional":
        return Optional[hint], lambda value: None if value is None else make(value)
    if kind == "set":
        return Set[hint], lambda items: {make(item) for item in items}
    return List[hint], lambda items: [make(item) for item in items]


def same(note, expected, read):
    """Whether pyfory's reader gives what its writer was given."""
    if isinstance(note, dict) and "optional" in note:
        return read is None if expected is None else same(note["optional"], expected, read)
    if isinstance(note, str):
        if isinstance(expected, float) and math.isnan(expected):
            return math.isnan(read)
        return read == expected
    (kind, inner), = note.items()
    if kind == "struct":
        return all(same(part, getattr(expected, name), getattr(read, name)) for name, part in inner)
    if kind == "set":
        return len(read) == len(expected) and set(read) == expected
    if kind == "map":
        return list(read) == list(expected) and all(same(inner[1], v, read[k]) for k, v in expected.items())
    return len(read) == len(expected) and all(same(inner, a, b) for a, b in zip(expected, read))


def problem_of(note, value, encoder, schema, row):
    """How a row reads as another value, or None."""
    read = encoder.from_row(RowData(schema, row))
    return None if same(note, value, read) else f"read {read!r}, expected {value!r}"


for line in sys.stdin:
    case = json.loads(line)
    hint, make = build(case["type"])
    value = make(case["value"])
    schema = infer_schema(hint)
    encoder = create_row_encoder(schema)
    row = encoder.to_row(value).to_bytes()
    arguments = case["type"], value, encoder, schema
    try:
        readable = problem_of(*arguments, row) is None
    except (AttributeError, IndexError, ValueError):
        readable = False
    problem = None
    if readable:
        try:
            problem = problem_of(*arguments, bytes.fromhex(case["row"]))
        except Exception as error:
            problem = repr(error)
    answer = {"schema": schema.to_bytes().hex(), "row": row.hex(), "readable": readable, "problem": problem}
    print(json.dumps(answer), flush=True)
