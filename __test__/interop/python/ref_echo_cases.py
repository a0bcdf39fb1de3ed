"""The cases that the client of the reference runs against `RefEcho`, with the responses that our server must return."""
import asyncio
import datetime
import math
import time

from aster import RpcError

from asking import Cases, all_of, each, echoes, equal, plain, refused
from ref_echo import (
    Ack, Address, Binary, Blob, Color, Containers, CountRequest, Empty, Exotic, FailRequest, Item, Level, MakeBlob, Number,
    Painted, Person, RefEcho, RefVersioned, Scalars, SleepRequest, Sum,
)

SERVICES = (RefEcho, RefVersioned)
cases = Cases()
case = cases.add


@case()
async def scalars_up_to_the_bounds_of_64_bits(_, echo, *__):
    await echoes(
        echo.scalars, Scalars(), Scalars("hi", 1, 0.5, True), Scalars("é€\U0001f600", -1, -0.0, False),
        Scalars("x" * 300, 2**62, 1e308, True), Scalars("", -(2**63), 5e-324, False),
    )


@case("xlang")
async def ratios_that_are_not_finite(_, echo, *__):
    assert math.isnan(plain(await echo.scalars(Scalars(ratio=math.nan)))["ratio"])
    await echoes(echo.scalars, Scalars(ratio=math.inf))


@case()
async def people_with_nested_addresses(_, echo, *__):
    full = Person("Zoë 日本 \U0001f600", -42, "Z", Address("1 Main St", "Ghent", 9000), Address("B", "Paris", 75001),
                  [Address("x", "y", 1), Address()], ["a", "", "€"], {"math": 10, "art": -1}, {"hq": Address("h", "q", 3)},
                  ["n1", "n2"])
    await echoes(echo.person, full, Person())


@case()
async def paint_in_enums(_, echo, *__):
    await echoes(echo.painted, Painted(Color.BLUE, Level.HIGH, Color.GREEN, [Color.RED, Color.BLUE], {"k": Color.GREEN}))


@case("xlang")
async def binary_data(_, echo, *__):
    await echoes(echo.binary, Binary("b", bytes(range(256)), [b"", b"\x00", b"zz"]))


@case()
async def containers_of_everything(bench, echo, *_):
    full = Containers([1, -1, 2**40], [0.5, -1.25], [True, False], [1, None, 3], [[1], [], [2, 3]], {"a": [1, 2], "b": []},
                      {} if bench.json else {1: "one", -2: "minus two"}, {"x": 1.5}, 7, None, False)
    await echoes(echo.containers, full, Containers())


@case("xlang")
async def dates_sets_and_dynamic_values(_, echo, *__):
    full = Exotic({"one"}, datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
                  Address("any", "where", 5), {"n": 1, "l": [1, "two", None], "f": 2.5}, [True, "x", 3], b"\x01\x02")
    await echoes(echo.exotic, full, Exotic())


@case()
async def empty_messages_and_null_answers(_, echo, *__):
    await echoes(echo.empty, Empty())
    assert await echo.nothing(Empty()) is None


@case()
async def text_of_every_size_both_ways(bench, echo, *_):
    for size in (4000, 4096, 5000, 100_000, 1_000_000, 4_000_000 if bench.json else 8_000_000):
        text = ("abcé" * (size // 4 + 1))[:size]
        checksum = 0
        for position, character in enumerate(text, 1):
            checksum = (checksum + position * ord(character)) % 1_000_000_007
        equal(await echo.measure(Blob(text)), {"length": size, "checksum": checksum})
        assert len(plain(await echo.make(MakeBlob(size, "p€q")))["text"]) == size


@case()
async def every_status_code_that_a_handler_raises(_, echo, *__):
    for code in [*range(1, 17), 101]:
        await refused(code, echo.fail(FailRequest(code, f"boom {code}")), f"boom {code}")
    await refused(2, echo.fail(FailRequest(0, "bad value", "value")), "bad value")
    await refused(5, echo.fail(FailRequest(5, "with details", "details")), "with details")


@case()
async def a_deadline(_, echo, *__):
    started = time.monotonic()
    await refused(4, echo.sleep(SleepRequest(20_000), timeout=0.3))
    assert time.monotonic() - started < 5
    equal(await echo.sleep(SleepRequest(10, "ok"), timeout=5), Ack(True, "ok"))


@case()
async def what_a_handler_knows_of_its_caller(_, echo, *__):
    metadata = {"a": "1", "unicode-€": "\U0001f600", "authorization": "Bearer x", "empty": ""}
    seen = plain(await echo.whoami(Empty(), metadata=metadata, timeout=30))
    equal(seen["metadata"], metadata)
    assert seen["has_deadline"] and 15_000 < seen["remaining_millis"] <= 30_000, seen


@case()
async def counting(_, echo, *__):
    equal(await all_of(echo.count(CountRequest(0))), [])
    equal(await all_of(echo.count(CountRequest(5, 10))), [{"index": 10 + i, "text": ""} for i in range(5)])
    large = await all_of(echo.count(CountRequest(20, 0, 0, 6000)))
    equal([len(item["text"]) for item in large], [6000] * 20)
    assert len(await all_of(echo.count(CountRequest(2000)))) == 2000


@case()
async def a_slow_stream(_, echo, *__):
    started = time.monotonic()
    async for _item in echo.count(CountRequest(1000, 0, 30)):  # half a minute in all
        break
    assert time.monotonic() - started < 15


@case()
async def an_error_behind_items(_, echo, *__):
    got = []
    try:
        async for item in echo.fail_late(FailRequest(8, "late", after=3)):
            got.append(plain(item))
    except RpcError as error:
        assert (len(got), int(error.code)) == (3, 8), (got, error)
        return
    raise AssertionError("the stream ended in order")


@case()
async def leaving_a_stream(_, echo, *__):
    async for item in echo.count(CountRequest(100_000, 0, 5, 100)):
        if plain(item)["index"] == 2:
            break
    await echoes(echo.empty, Empty())


@case()
async def sums(_, echo, *__):
    equal(await echo.sum(each([])), Sum(0, 0))
    equal(await echo.sum(each([Number(value) for value in range(1, 101)])), Sum(5050, 100))
    await refused(9, echo.fail_sum(each([FailRequest(9, "mid")])))


@case()
async def chats(_, echo, *__):
    chat = echo.chat()
    for index in range(11):
        await chat.send(Item(index, "x"))
        equal(await chat.recv(), Item(2 * index, "X"))
    await chat.close()
    assert await chat.recv() is None
    stopped = echo.chat()
    await stopped.send(Item(1, "stop"))
    assert await stopped.recv() is None
    await stopped.close()
    failed = echo.chat()
    await failed.send(Item(1, "fail"))
    await refused(10, failed.recv())
    await failed.close()


@case()
async def two_hundred_calls_at_once(_, echo, *__):
    answers = await asyncio.gather(*[echo.scalars(Scalars(str(count), count)) for count in range(200)])
    equal([plain(answer)["count"] for answer in answers], list(range(200)))


@case()
async def version_two_asked_for_as_version_one(_, __, versioned):
    await echoes(versioned.ping, Scalars("two"))


@case("proxy")
async def a_proxy(bench):
    echo = bench.proxy("RefEcho")
    equal(await echo.scalars({"text": "p", "count": 3}), {"text": "p", "count": 3, "ratio": 0.0, "flag": False})
    await refused(5, echo.fail({"code": 5, "message": "m"}), "m")
    await refused(12, echo.missing({}))
    await refused(101, echo.scalars({"text": "x", "bogus": 1}), "bogus")
    equal([item["index"] async for item in echo.count.stream({"n": 3})], [0, 1, 2])
    equal(await echo.sum(each([{"value": 1}, {"value": 2}])), {"total": 3, "items": 2})
