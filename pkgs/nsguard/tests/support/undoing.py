"""Commands that fail or are killed at each of their steps, and must leave nothing behind."""

from collections.abc import Callable

from box import NAME, Box, at_each


def steps(box: Box) -> int:
    box.behave()
    assert box.nsguard("netns", "up", NAME).returncode == 0
    steps = len(box.calls())
    assert box.nsguard("netns", "down", NAME).returncode == 0
    return steps


def undone_from_each_step(boxes: list[Box], mode: str, prepare: Callable[[Box], None]) -> None:
    """Assert that `up` leaves nothing if it fails, or if it is killed and then repeated and undone by `down`."""

    def check(box: Box, step: int) -> None:
        prepare(box)
        box.misbehave(mode, step)
        assert box.nsguard("netns", "up", NAME).returncode != 0, f"step {step}"
        box.behave()
        if mode == "kill-after":
            assert box.nsguard("netns", "up", NAME).returncode == 0, f"step {step}"
            assert box.nsguard("netns", "down", NAME).returncode == 0, f"step {step}"
        assert box.traces() == [], f"step {step}"

    prepare(boxes[0])
    at_each(steps(boxes[0]), boxes, check)
