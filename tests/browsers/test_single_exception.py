from __future__ import annotations

import pytest
import trio

from pilothouse.browsers.single_exception import single_exception


async def test_the_bodys_exception_comes_out_as_it_was() -> None:
    raised = ValueError("body")
    raised.__cause__ = KeyError("cause")
    raised.__context__ = OSError("context")
    with pytest.raises(ValueError, match="body") as caught, single_exception():
        async with trio.open_nursery():
            raise raised
    assert caught.value is raised
    assert isinstance(raised.__cause__, KeyError)
    assert isinstance(raised.__context__, OSError)


async def test_a_group_that_the_body_raised_stays_one() -> None:
    with pytest.raises(ExceptionGroup) as caught, single_exception():
        async with trio.open_nursery():
            raise ExceptionGroup("ours", [ValueError()])
    assert caught.value.message == "ours"


async def test_several_exceptions_stay_together() -> None:
    async def fail() -> None:
        raise KeyError

    with pytest.raises(ExceptionGroup) as caught, single_exception():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            nursery.start_soon(fail)
    assert [type(error) for error in caught.value.exceptions] == [KeyError, KeyError]


async def test_cancellation_is_passed_on() -> None:
    with trio.CancelScope() as scope, single_exception():
        async with trio.open_nursery():
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
