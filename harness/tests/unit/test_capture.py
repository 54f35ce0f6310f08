"""Reading tcpdump's files and its counts of packets."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import cast

import pytest

from nsguard_harness.capture import Capture, Captures, Frame, Recorder, parse_dropped, read_frames, sentinel
from nsguard_harness.errors import LabError
from nsguard_harness.verdict.tokens import OVERLAP, Tokens

SUMMARY = "tcpdump: listening on client\n4 packets captured\n5 packets received by filter\n{} dropped by kernel\n"
# pcap(5): magic for microseconds, version 2.4, no offset, no accuracy, snapshot length, LINKTYPE_ETHERNET
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)


def record(data: bytes, length: int | None = None) -> bytes:
    return struct.pack("<IIII", 1700000000, 250000, len(data), len(data) if length is None else length) + data


@pytest.mark.parametrize(
    ("summary", "dropped"),
    [
        (SUMMARY.format("0 packets"), 0),
        (SUMMARY.format("1 packet"), 1),
        (SUMMARY.format("7 packets") + "3 packets dropped by interface\n", 10),
    ],
)
def test_dropped(summary: str, dropped: int) -> None:
    assert parse_dropped(summary) == dropped


def test_without_counts_nothing_is_believed() -> None:
    with pytest.raises(LabError, match="gave no drop count"):
        parse_dropped("tcpdump: terminated")


def test_frames_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(HEADER + record(b"a" * 60) + record(b"b" * 1514))
    assert read_frames(path, "client") == [
        Frame(1700000000.25, b"a" * 60, "client"),
        Frame(1700000000.25, b"b" * 1514, "client"),
    ]


def test_nanosecond_files(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(struct.pack("<I", 0xA1B23C4D) + HEADER[4:] + record(b"a" * 60))
    assert read_frames(path, "client")[0].time == pytest.approx(1700000000.00025)


def test_cut_frames_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(HEADER + record(b"a" * 60, 1514))
    remedy = "let client join segments to less: ip link set dev client gso_max_size 60000 gro_max_size 60000"
    with pytest.raises(LabError, match=f"cut to 60 of 1514 bytes; {remedy}"):
        read_frames(path, "client")


@pytest.mark.parametrize("content", [b"", b"nothing of the kind, but long enough for a header"])
def test_what_is_no_pcap_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(content)
    with pytest.raises(LabError, match="is not a pcap file"):
        read_frames(path, "client")


def test_sentinels_differ() -> None:
    first, second = sentinel(), sentinel()
    assert first != second
    assert first[12:14] == second[12:14] == b"\x88\xb5"
    assert len(first) == 63


def test_a_capture_that_goes_on_shows_what_it_has_so_far(tmp_path: Path) -> None:
    path, tokens = tmp_path / "x.pcap", Tokens({"nga0c0ffee0": "one", "nga0c0ffee1": "other"})
    both = Captures(
        [Capture(str(n), p, cast(Recorder, None), print) for n, p in enumerate((path, tmp_path / "y.pcap"))]
    )
    assert both.shown(tokens) == set()
    path.write_bytes(HEADER + record(b"." * 60 + b"nga0c0"))
    assert both.shown(tokens) == set()
    with path.open("ab") as file:
        file.write(b"ffee0" + record(b"." * 2 * OVERLAP))
    assert both.shown(tokens) == {"nga0c0ffee0"}
    (tmp_path / "y.pcap").write_bytes(HEADER + record(b"nga0c0ffee1"))
    assert both.shown(tokens) == {"nga0c0ffee0", "nga0c0ffee1"}
