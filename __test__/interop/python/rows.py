"""Encodes and decodes rows with pyfory. Each input line is one case in JSON, and each output line is its result.

In: {"type": T, "value": V, "row": hex}. T is a word, {"list": T}, {"set": T}, {"map": [T, T]}, {"optional": T} or
{"struct": [[name, T], ...]}. V is a string for numbers, true or false, text, hex for bytes, an array for lists, sets and
(in pairs) maps, an object for structs, null.
Out: {"schema": hex, "row": hex, "readable": bool, "problem": text or null}. `schema` and `row` are pyfory's encoding of V.
`readable` is true when pyfory can decode its own row, which fails for some nested types. If so, `problem` describes how
the row of the input, decoded by pyfory, differs from V.
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

# pyfory prints an error on standard error when it frees an array of maps. The error does not change the bytes, so it is
# ignored. Errors that matter are in the output lines.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

WORDS = {
    "bool": bool, "int": int, "float": float, "str": str, "bytes": bytes,
    "int8": pyfory.int8, "int16": pyfory.int16, "int32": pyfory.int32, "float32": pyfory.float32,
}
made = 0


def build(note):
    """Returns the type hint of a type, and a function that makes its value from JSON."""
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
    """Compares a decoded value with the expected one. NaN equals NaN, and the order of map entries counts."""
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
    """Returns how the decoded row differs from the value, or None when they are equal."""
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
