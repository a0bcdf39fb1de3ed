"""The registry of the test cases of the Python client, and the checks that the cases share."""
from dataclasses import asdict, is_dataclass

from aster import RpcError

TYPED = ("xlang", "json", "json-as-shipped")


class Cases:
    """The cases of a module, in order.

    `@cases.add()` registers a case for the typed modes, `@cases.add(mode, ...)` for the given modes.
    """

    def __init__(self):
        self._all = []

    def add(self, *modes):
        def keep(function):
            self._all.append((function.__name__.replace("_", " "), function, modes or TYPED))
            return function

        return keep

    def of_mode(self, mode):
        return [(name, function) for name, function, modes in self._all if mode in modes]


def plain(value):
    """Converts a response to plain values: JSON stubs return dictionaries, and typed stubs return objects."""
    return asdict(value) if is_dataclass(value) else value


def equal(got, wanted):
    got, wanted = plain(got), plain(wanted)
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"


async def echoes(method, *values):
    for value in values:
        equal(await method(value), value)


async def refused(code, call, words=""):
    try:
        await call
    except RpcError as error:
        assert int(error.code) == code, f"code {int(error.code)} ({error.message}), wanted {code}"
        assert words in error.message, f"message {error.message!r} lacks {words!r}"
        return
    raise AssertionError(f"the call succeeded, code {code} was wanted")


async def each(items):
    for item in items:
        yield item


async def all_of(stream):
    return [plain(item) async for item in stream]
