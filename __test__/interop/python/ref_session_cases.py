"""The cases that the client of the reference runs against `RefSession`, with the answers that our server must give."""
import asyncio

from asking import Cases, each, equal, plain, refused
from ref_echo import CountRequest, Empty, FailRequest, Item, MakeBlob, Number, SleepRequest, Sum
from ref_session import RefSession

SERVICES = ()
cases = Cases()
case = cases.add


@case("xlang", "json")
async def calls_of_all_patterns_to_one_object(bench):
    session = await bench.session(RefSession)
    equal(await session.add(Number(5)), Sum(5, 1))
    equal(await session.add(Number(-2)), Sum(3, 2))
    equal([plain(item) for item in await session.count(CountRequest(3, 7))],
          [{"index": 7 + i, "text": ""} for i in range(3)])
    equal(await session.get(Empty()), Sum(6, 2))
    equal(await session.sum(each([Number(1), Number(2)])), Sum(9, 4))
    equal([plain(item) for item in await session.chat(each([Item(1, "a"), Item(2, "b")]))],
          [{"index": 2, "text": "A"}, {"index": 4, "text": "B"}])
    equal(await session.get(Empty()), Sum(9, 4))
    await session.close()


@case("xlang", "json")
async def a_failed_call_leaves_the_session_usable(bench):
    session = await bench.session(RefSession)
    await session.add(Number(1))
    await refused(6, session.fail(FailRequest(6, "in session")), "in session")
    await refused(13, session.fail(FailRequest(0, "plain", "value")))
    equal(await session.get(Empty()), Sum(1, 1))
    await session.close()


@case("xlang", "json")
async def what_a_handler_knows_of_the_session(bench):
    session = await bench.session(RefSession)
    seen = plain(await session.whoami(Empty(), metadata={"k": "v"}))
    equal(seen["metadata"], {"k": "v"})
    assert seen["session_id"] and seen["peer"] == bench.client._node.node_id(), seen
    await session.close()


@case("xlang", "json")
async def a_cancel_between_two_calls_is_acknowledged(bench):
    session = await bench.session(RefSession)
    await session.add(Number(1))
    await session.cancel()
    equal(await session.get(Empty()), Sum(1, 1))
    await session.close()


@case("xlang", "json")
async def two_sessions_at_once_have_objects_of_their_own(bench):
    one, two = await bench.session(RefSession), await bench.session(RefSession)
    await asyncio.gather(*[each_one.add(Number(1)) for each_one in (one, two) for _ in range(10)])
    equal(await one.get(Empty()), Sum(10, 10))
    equal(await two.get(Empty()), Sum(10, 10))
    await one.close()
    await two.close()


@case("xlang", "json")
async def large_answers_and_many_items(bench):
    session = await bench.session(RefSession)
    size = 500_000 if bench.mode == "xlang" else 4000
    assert len(plain(await session.make(MakeBlob(size, "abc")))["text"]) == size
    assert len(await session.count(CountRequest(2000))) == 2000
    equal(await session.sum(each([Number(1)] * 2000)), Sum(4000, 2000))
    equal(len(await session.chat(each([Item(1, "x")] * 1000))), 1000)
    equal(plain(await session.sleep(SleepRequest(10, "slept")))["note"], "slept")
    await session.close()


@case("proxy")
async def a_session_without_a_schema(bench):
    session = await bench.client.session("RefSession")
    equal(await session.add({"value": 4}), {"total": 4, "items": 1})
    await refused(6, session.fail({"code": 6, "message": "in session"}), "in session")
    equal(await session.get({}), {"total": 4, "items": 1})
    await session.close()
