"""typing's NamedTuple, without the module typing, which is a quarter of what a short command loads."""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Record(type):
        """Turns a class whose annotations name fields into a tuple with those fields."""

        def __new__(cls, name, _bases, body):
            # of a plain class, since Python 3.14 keeps annotations elsewhere in the body
            fields = list(type(name, (), body).__annotations__)
            defaults = [body[field] for field in fields if field in body]
            if fields[len(fields) - len(defaults) :] != [field for field in fields if field in body]:
                raise TypeError(f"{name}: a field without a default follows one with a default")
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            for attribute, value in body.items():
                if attribute not in fields:
                    setattr(made, attribute, value)
            return made

    NamedTuple = type.__new__(_Record, "NamedTuple", (), {})
