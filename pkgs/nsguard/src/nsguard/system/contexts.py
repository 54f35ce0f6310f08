"""The parts of contextlib that nsguard uses: contextlib itself is a third of what a short command would load."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import contextmanager as contextmanager
    from contextlib import nullcontext as nullcontext
    from contextlib import suppress as suppress
else:

    def contextmanager(function):
        """Make a function that yields once into one whose result a `with` takes."""

        def managed(*values, **named):
            return _Managed(function(*values, **named))

        return managed

    class _Managed:
        def __init__(self, body):
            self._body = body

        def __enter__(self):
            return next(self._body)

        def __exit__(self, _kind, error, _trace):
            try:
                next(self._body) if error is None else self._body.throw(error)
            except StopIteration:
                return True
            except BaseException as raised:
                # a generator makes a RuntimeError of a StopIteration (PEP 479)
                if raised is error or (isinstance(error, StopIteration) and raised.__cause__ is error):
                    return False
                raise
            self._body.close()
            raise RuntimeError("a context yields once")

    class nullcontext:  # noqa: N801 (contextlib's name)
        """A context that does nothing."""

        def __enter__(self):
            return None

        def __exit__(self, *_):
            return None

    class suppress:  # noqa: N801 (contextlib's name)
        """A context that ends quietly with an error of these kinds."""

        def __init__(self, *kinds):
            self._kinds = kinds

        def __enter__(self):
            return None

        def __exit__(self, kind, *_):
            return kind is not None and issubclass(kind, self._kinds)
