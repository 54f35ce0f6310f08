"""Context managers, compared with those of contextlib."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import ModuleType

import pytest

from nsguard.system import contexts

BOTH = pytest.mark.parametrize("module", [contexts, contextlib])


@BOTH
@pytest.mark.parametrize("error", [None, ValueError("x"), KeyboardInterrupt(), StopIteration()])
def test_what_follows_the_yield_runs_and_the_error_goes_on(module: ModuleType, error: BaseException | None) -> None:
    seen: list[object] = []

    def body(value: int) -> Iterator[int]:
        try:
            yield value
        finally:
            seen.append("after")

    try:
        with module.contextmanager(body)(7) as value:
            seen.append(value)
            if error is not None:
                raise error
    except BaseException as raised:  # noqa: BLE001 (of any kind)
        assert raised is error  # noqa: PT017
    else:
        assert error is None
    assert seen == [7, "after"]


@BOTH
def test_the_body_may_take_an_error_or_make_another_of_it(module: ModuleType) -> None:
    def quiet() -> Iterator[None]:
        with contextlib.suppress(ValueError):
            yield

    def other() -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise KeyError from error

    with module.contextmanager(quiet)():
        raise ValueError
    with pytest.raises(KeyError), module.contextmanager(other)():
        raise ValueError


@BOTH
@pytest.mark.parametrize("fail", [False, True])
def test_a_second_yield_is_an_error(module: ModuleType, *, fail: bool) -> None:
    def twice() -> Iterator[None]:
        with contextlib.suppress(ValueError):
            yield
        yield

    context = module.contextmanager(twice)()
    context.__enter__()
    error = ValueError() if fail else None
    with pytest.raises(RuntimeError):
        context.__exit__(error and type(error), error, None)


@BOTH
def test_suppress_takes_its_kinds_alone(module: ModuleType) -> None:
    with module.suppress(OSError, KeyError):
        raise FileNotFoundError
    with pytest.raises(ValueError, match="other"), module.suppress(OSError):
        raise ValueError("other")
    with module.nullcontext():
        pass
