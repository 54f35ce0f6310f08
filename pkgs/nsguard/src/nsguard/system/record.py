"""NamedTuple without the modules typing and collections, which would be half of what a short command loads."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Record(type):
        """Turns a class whose annotations name fields into a tuple with those fields."""

        def __new__(cls, name, _bases, body):
            # of a plain class, since Python 3.14 keeps annotations elsewhere in the body
            fields = tuple(type(name, (), body).__annotations__)
            defaults = {field: body[field] for field in fields if field in body}
            if fields[len(fields) - len(defaults) :] != tuple(defaults):
                raise TypeError(f"{name}: a field without a default follows one with a default")
            own = {key: value for key, value in body.items() if key not in fields}
            values = {field: _value(number) for number, field in enumerate(fields)}
            names = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields, "__slots__": ()}
            return type(name, (tuple,), {**_METHODS, **values, **names, **own})

    def _value(number):
        return property(lambda self: self[number])

    def _new(cls, /, *values, **named):
        fields = cls._fields
        given = cls._field_defaults | dict(zip(fields, values, strict=False)) | named
        # more values than fields, one that is given twice, a name of no field, a field without a value
        if len(values) > len(fields) or not named.keys().isdisjoint(fields[: len(values)]) or {*given} != {*fields}:
            raise TypeError(f"{cls.__name__} takes {', '.join(fields)}")
        return tuple.__new__(cls, [given[field] for field in fields])

    def _repr(self):
        return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in self._asdict().items())})"

    def _asdict(self):
        return dict(zip(self._fields, self, strict=True))

    def _replace(self, /, **changes):
        return type(self)(**(self._asdict() | changes))

    _METHODS = {"__new__": _new, "__repr__": _repr, "_asdict": _asdict, "_replace": _replace}

    NamedTuple = type.__new__(_Record, "NamedTuple", (), {})
