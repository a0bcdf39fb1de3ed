"""The cases of the Lab services. Each case gets the bench and the three typed stubs. Proxy cases get only the bench."""
import asyncio
import datetime
import math
import time

from aster import RpcError

from asking import Cases, all_of, each, echoes, equal, plain, refused
from lab import (
    Bag, Chunk, Hue, Kinds, Lab, LabNext, Moments, Nothing, Numbered, Order, Paint, Point, Rank, Shape, Text, Total,
    pattern,
)
from lab_postponed import LabPostponed, Question

SERVICES = (Lab, LabNext, LabPostponed)
cases = Cases()
case = cases.add


def chunks(count, size=0):
    return each([Chunk(index, pattern(size)) for index in range(count)])


# ---- values ----


@case("xlang")
async def every_scalar_kind_at_its_bounds(_, lab, *__):
    await echoes(
        lab.kinds,
        Kinds(),
        Kinds(True, 127, 32767, 2**31 - 1, 2**53 - 1, 2**31 - 1, 2**63 - 1, 2**63 - 1,
              255, 65535, 2**32 - 1, 2**64 - 1, 1.5, 1.7976931348623157e308, "ok", bytes(range(256))),
        Kinds(False, -128, -32768, -(2**31), -(2**53) + 1, -(2**31), -(2**63), -(2**63),
              0, 0, 0, 0, -0.25, 5e-324, "", b"\x00"),
    )


@case("xlang")
async def floats_that_are_not_finite(_, lab, *__):
    answer = plain(await lab.kinds(Kinds(double=math.nan, single=math.inf)))
    assert math.isnan(answer["double"]) and answer["single"] == math.inf, answer
    equal(await lab.kinds(Kinds(double=-math.inf)), Kinds(double=-math.inf))


@case()
async def text_in_all_three_encodings(_, lab, *__):
    await echoes(lab.text, *map(Text, ["", "ascii", "né", "€uro 日本", "a\U0001f600é日", "\x00\n\"\\\u2028", "x" * 127, "é" * 128]))


@case()
async def nesting_and_containers(_, lab, *__):
    full = Shape(
        "Zoë's 三角", Point(1, -2), Point(2**52, -(2**52)), [Point(), Point(3, 4)], ["", "ü", "€"], [0.5, -1.25, 1e300],
        [1, None, -3], [[1], [], [2, 3]], {"a": 1, "": -1}, {"hq": Point(5, 6)}, {"r": ["x", "y"], "empty": []},
        "remark", 7, -0.5, False, 42,
    )
    await echoes(lab.shape, full, Shape())


@case("xlang")
async def integer_keys_sets_and_bytes(_, lab, *__):
    await echoes(lab.numbered, Numbered({1: "one", -2: "minus two"}, {"only"}, {7}, [b"", b"\xff\x00", b"abc"]), Numbered())


@case()
async def enums(bench, lab, *_):
    value = Paint(Hue.DEEP_BLUE, Rank.HIGH, Hue.GREEN, [Hue.RED, Hue.GREEN], {"k": Hue.DEEP_BLUE})
    await echoes(lab.paint, value, Paint())


@case("xlang")
async def dates_and_times(_, lab, *__):
    utc = datetime.timezone.utc
    await echoes(
        lab.moments,
        Moments(datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 30, 15, 123000, tzinfo=utc)),
        Moments(datetime.date(1969, 12, 31), datetime.datetime(1901, 1, 1, tzinfo=utc)),
        Moments(),
    )


@case("xlang")
async def dynamic_values(_, lab, *__):
    await echoes(
        lab.bag,
        Bag(Point(1, 2), [True, "two", 3, 4.5, None, Point(5, 6)], {"n": None, "l": [1, ["x"]], "p": Point()}),
        Bag("text", [], {}),
        Bag(None, [1, 2, 3], {1: "a", 2: "b"}),
        Bag(2.5, ["a", "b"], {"k": 1.25}),
    )


@case()
async def texts_around_and_above_the_compression_threshold(bench, lab, *_):
    # JSON writes six bytes for each non-ASCII character, and a frame holds 16 MiB.
    for size in (4080, 4090, 4096, 4100, 100_000, 4_000_000 if bench.json else 6_000_000):
        value = Text(pattern(size))
        equal(await lab.text(value), value)
        equal(await lab.make(Order(size=size)), value)


@case()
async def a_null_answer(_, lab, *__):
    assert await lab.nothing(Order()) is None


@case()
async def a_service_whose_version_is_not_one(bench, _, following, __):
    # The reference always requests version 1, which its own server does not have for this service.
    call = following.text(Text("x"))
    if bench.python_peer:
        await refused(5, call)
    else:
        equal(await call, Text("x"))


@case()
async def a_service_with_postponed_annotations(_, lab, __, postponed):
    equal(await postponed.ask(Question("olé")), {"text": "élo", "length": 3})
    equal([a["text"] for a in await all_of(postponed.letters(Question("abc")))], ["a", "b", "c"])


@case()
async def a_message_without_fields(_, lab, *__):
    await echoes(lab.empty, Nothing())


@case("json", "json-as-shipped")
async def bytes_that_JSON_cannot_carry(_, lab, *__):
    try:
        await lab.kinds(Kinds(data=b"x"))
    except Exception:  # noqa: BLE001  the reference gives no one class for it
        return
    raise AssertionError("bytes went through JSON")


# ---- failures ----


@case()
async def every_status_code(_, lab, *__):
    for code in [*range(1, 17), 101]:
        await refused(code, lab.refuse(Order(code=code, words=f"refused with {code}")), f"refused with {code}")


@case()
async def a_handler_that_crashes(bench, lab, *_):
    # The reference sends UNKNOWN with the text of the exception. The TypeScript server sends INTERNAL without the text.
    await refused(2 if bench.python_peer else 13, lab.refuse(Order(words="secret")))


@case("json")
async def an_unexpected_member(bench, *_):
    await refused(101, bench.proxy("Lab").text({"text": "x", "bogus": 1}), "bogus")


@case()
async def a_deadline_that_passes(_, lab, *__):
    started = time.monotonic()
    await refused(4, lab.wait(Order(wait_millis=20_000), timeout=0.3))
    assert time.monotonic() - started < 5
    equal(await lab.wait(Order(wait_millis=5, words="in time"), timeout=10), Text("in time"))


@case()
async def metadata_and_deadline_reach_the_handler(_, lab, *__):
    metadata = {"a": "1", "unicode-€": "\U0001f600", "authorization": "Bearer x", "empty": ""}
    seen = plain(await lab.seen(Order(), metadata=metadata, timeout=30))
    equal(seen["metadata"], metadata)
    assert seen["has_deadline"] and 15_000 < seen["remaining_millis"] <= 30_000, seen
    assert len(seen["peer"]) == 64, seen


# ---- streams ----


@case()
async def ten_thousand_items_in_order(_, lab, *__):
    got = await all_of(lab.count(Order(count=10_000)))
    assert [item["index"] for item in got] == list(range(10_000)), len(got)
    equal(await all_of(lab.count(Order(count=0))), [])


@case()
async def large_items(_, lab, *__):
    got = await all_of(lab.count(Order(count=12, size=70_000)))
    assert [item["body"] for item in got] == [pattern(70_000)] * 12


@case()
async def items_that_arrive_as_they_are_made(_, lab, *__):
    started = time.monotonic()
    async for _item in lab.count(Order(count=1000, wait_millis=30)):  # half a minute in all
        break
    assert time.monotonic() - started < 15


@case()
async def an_error_after_items(_, lab, *__):
    stream, got = lab.count(Order(count=3, code=8, words="late")), []
    try:
        async for item in stream:
            got.append(plain(item)["index"])
    except RpcError as error:
        assert (got, int(error.code), error.message) == ([0, 1, 2], 8, "late"), (got, error)
        return
    raise AssertionError("the stream ended in order")


@case()
async def a_stream_that_is_left_early(_, lab, *__):
    async for item in lab.count(Order(count=1_000_000, size=100)):
        if plain(item)["index"] == 2:
            break
    equal(await lab.text(Text("still here")), Text("still here"))


@case()
async def uploads(_, lab, *__):
    equal(await lab.upload(chunks(0)), Total(0, 0, True))
    equal(await lab.upload(chunks(3000, 5)), Total(3000, 15_000, True))
    equal(await lab.upload(chunks(10, 60_000)), Total(10, 600_000, True))


@case()
async def an_upload_that_is_refused(_, lab, *__):
    await refused(9, lab.upload(each([Chunk(0, "refuse")])), "asked to refuse")


@case()
async def a_dialogue(_, lab, *__):
    channel = lab.shout()
    for index, body in enumerate(["one", "é", "€ \U0001f600"]):
        await channel.send(Chunk(index, body))
        equal(await channel.recv(), Chunk(index + 1000, body.upper()))
    for index in range(50):
        await channel.send(Chunk(index, "x"))
    for index in range(50):
        equal(await channel.recv(), Chunk(index + 1000, "X"))
    await channel.close()
    assert await channel.recv() is None
    assert int(tuple(await channel.wait_for_trailer())[0]) == 0


@case()
async def a_dialogue_that_the_server_ends(_, lab, *__):
    channel = lab.shout()
    await channel.send(Chunk(1, "enough"))
    assert await channel.recv() is None
    await channel.close()


@case()
async def a_dialogue_that_is_refused(_, lab, *__):
    channel = lab.shout()
    await channel.send(Chunk(1, "refuse"))
    await refused(10, channel.recv())
    await channel.close()


@case()
async def sixty_four_calls_at_once(_, lab, *__):
    answers = await asyncio.gather(*[lab.text(Text(str(number))) for number in range(64)])
    assert [plain(answer)["text"] for answer in answers] == [str(number) for number in range(64)]


# ---- the dynamic proxy ----


@case("proxy")
async def a_proxy_without_types(bench):
    lab = bench.proxy("Lab")
    equal(await lab.text({"text": "né €"}), {"text": "né €"})
    shape = await lab.shape({"name": "partial", "corners": [{"x": 1}], "lineNumber2": 3})
    equal((shape["name"], shape["corners"], shape["lineNumber2"], shape["limit"]), ("partial", [{"x": 1, "y": 0}], 3, None))
    await refused(5, lab.refuse({"code": 5, "words": "not here"}), "not here")
    await refused(12, lab.no_such_method({}))


@case("proxy")
async def streams_of_a_proxy(bench):
    lab = bench.proxy("Lab")
    got = [item["index"] async for item in lab.count.stream({"count": 3})]
    equal(got, [0, 1, 2])
    total = await lab.upload(each([{"index": 0, "body": "abc"}, {"index": 1, "body": "d"}]))
    equal(total, {"items": 2, "characters": 4, "in_order": True})
