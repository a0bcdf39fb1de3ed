"""Decodes object graphs with the codec of the Python wheel and encodes them again, without any call.

Each input line is a message in hex. Each output line is JSON with `hex` (the decoded value, encoded again by pyfory) and
`facts` (which parts of the value are the same object). With the argument `make`, the script first prints a graph that it
made itself.
"""

import json
import sys
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import pyfory


@dataclass
class Person:
    name: str = ""
    friends: List["Person"] = field(default_factory=list)
    partner: Optional["Person"] = pyfory.field(default=None, ref=True, nullable=True)


@dataclass
class Town:
    people: List[Person] = field(default_factory=list)
    by_name: Dict[str, Person] = field(default_factory=dict)
    flags: Dict[str, bool] = field(default_factory=dict)
    rows: List[List[int]] = field(default_factory=list)
    mayor: Optional[Person] = pyfory.field(default=None, ref=True, nullable=True)
    notes: Any = None


# pyfory reads the annotations of the classes, where a forward reference is still a string.
Person.__annotations__.update(friends=List[Person], partner=Optional[Person])

fory = pyfory.Fory(xlang=True, ref=True)
fory.register_type(Person, namespace="graph.v1", typename="Person")
fory.register_type(Town, namespace="graph.v1", typename="Town")


def made() -> Town:
    ada, ben = Person("Ada"), Person("Ben")
    ada.partner, ben.partner = ben, ada
    ada.friends, ben.friends = [ben, ada], [ada]
    row = [1, 300]
    return Town(
        people=[ada, ben, ada],
        by_name={"ada": ada, "ben": ben},
        flags={"a": True, "b": True, "c": False},
        rows=[row, row, []],
        mayor=ben,
        notes=[ada, row, [row], None, "x", 1.5],
    )


def facts(town: Town) -> dict:
    ada, ben = town.people[0], town.people[1]
    return {
        "again": town.people[2] is ada,
        "by_name": town.by_name["ada"] is ada and town.by_name["ben"] is ben,
        "mayor": town.mayor is ben,
        "cycle": ada.partner is ben and ben.partner is ada,
        "friends": ada.friends[0] is ben and ada.friends[1] is ada and ben.friends[0] is ada,
        "rows": town.rows[0] is town.rows[1] and town.rows[0] == [1, 300] and town.rows[2] == [],
        "notes": town.notes[0] is ada and town.notes[2][0] is town.notes[1],
    }


if sys.argv[1:] == ["make"]:
    print(json.dumps({"hex": fory.serialize(made()).hex(), "facts": facts(made())}), flush=True)
for line in sys.stdin:
    town = fory.deserialize(bytes.fromhex(line.strip()))
    print(json.dumps({"hex": fory.serialize(town).hex(), "facts": facts(town)}), flush=True)
