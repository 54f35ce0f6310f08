"""The module signal as it is in C: the one in Python makes enumerations of the numbers, a sixth of a short command."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal
else:
    import _signal as signal  # noqa: F401 (for others)
