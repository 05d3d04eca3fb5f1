from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import set_encodings

from pilothouse.protocol.rfb.encodings import ALLOWED, without_forbidden

# As a viewer with TigerVNC's and noVNC's features asks.
NOVNC = [1, 50, 7, -260, 16, 21, 5, 2, 6, 0, -26, -254, -223, -224, -258, -261, -308, -309, -312, -313, -307]
NOVNC += [0xC0A1E5CE - 2**32, -316, 0x574D5664, -239]

KEPT = {
    "pixels": [0, 1, 2, 4, 5, 6, 7, 16, 21, 50, -260],
    "quality": list(range(-32, -22)),
    "compression": list(range(-256, -246)),
    "fine quality": list(range(-512, -411)),
    "subsampling": list(range(-768, -762)),
    "screen": [-223, -308, -224, -307],
    "cursors": [-239, -240, -314, 0x574D5664, 0x574D5666],
    "LEDs": [-261, 0x574D5668],
    "flow control": [-312, -313],
}

STRIPPED = {
    "QEMU keys": -258,
    "extended mouse buttons": -316,
    "extended clipboard": 0xC0A1E5CE - 2**32,
    "extended clipboard with files": 0xC0A1E5CF - 2**32,
    "xvp": -309,
    "pointer motion": -257,
    "audio": -259,
    "gii": -305,
    "OLIVE": -310,
    "redirect": -311,
    "UltraVNC": 0xFFFF8000 - 2**32,
    "libvncserver": 0xFFFE0000 - 2**32,
    "another of VMware's": 0x574D5665,
    "beside quality": -22,
    "beside quality, below": -33,
    "beside compression": -246,
    "beside compression, below": -257,
    "unknown": 4711,
    "the least number": -(2**31),
}


def test_what_novnc_asks_for_loses_four_entries_and_keeps_its_order() -> None:
    forbidden = (-258, -309, 0xC0A1E5CE - 2**32, -316)
    expected = [encoding for encoding in NOVNC if encoding not in forbidden]
    assert len(NOVNC) == 25
    assert without_forbidden(set_encodings(*NOVNC)) == set_encodings(*expected)


@pytest.mark.parametrize("family", KEPT)
def test_is_kept(family: str) -> None:
    raw = set_encodings(*KEPT[family])
    assert without_forbidden(raw) == raw


def test_nothing_else_is_kept() -> None:
    assert {encoding for family in KEPT.values() for encoding in family} == ALLOWED


@pytest.mark.parametrize("name", STRIPPED)
def test_is_stripped(name: str) -> None:
    assert without_forbidden(set_encodings(7, STRIPPED[name], 16)) == set_encodings(7, 16)


def test_a_list_may_become_empty() -> None:
    assert without_forbidden(set_encodings(*STRIPPED.values())) == set_encodings()
    assert without_forbidden(set_encodings()) == set_encodings()


def test_padding_is_zeroed() -> None:
    assert without_forbidden(b"\x02\xaa" + set_encodings(7)[2:]) == set_encodings(7)


@given(st.lists(st.one_of(st.sampled_from(sorted(ALLOWED)), st.integers(-(2**31), 2**31 - 1)), max_size=1024))
def test_whatever_is_asked_for_only_allowed_entries_are_left(asked: list[int]) -> None:
    filtered = without_forbidden(set_encodings(*asked))
    left = list(struct.unpack_from(f">{len(filtered) // 4 - 1}i", filtered, 4))
    assert filtered == set_encodings(*left)
    assert left == [encoding for encoding in asked if encoding in ALLOWED]
