"""The module signal without its Python part, whose enumerations take a sixth of a short command's time."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal
else:
    import _signal as signal  # noqa: F401 (for others)
