"""The lists of boards and known builds, and the layout they share."""

import pytest

from appliance.errors import NotFound
from flasher import boards, images


def test_the_four_chips_are_known_with_the_offset_of_their_build() -> None:
    known = boards.boards()
    assert {name: board.image_offset for name, board in known.items()} == {
        "esp32": 0x1000,
        "esp32s3": 0,
        "esp32c3": 0,
        "esp32c6": 0,
    }
    assert all(board.chip == name for name, board in known.items())


def test_an_unknown_board_or_chip_is_told_with_what_is_known() -> None:
    with pytest.raises(NotFound, match="no board esp8266"):
        boards.board("esp8266")
    with pytest.raises(NotFound, match="ESP32-S3"):
        boards.board_of_chip("esp32p4")


def test_a_file_system_fills_the_flash_behind_two_megabytes() -> None:
    assert boards.vfs_bytes(4 * 2**20) == 2 * 2**20
    assert boards.vfs_bytes(8 * 2**20) == 6 * 2**20


def test_every_known_build_is_for_a_board_of_that_name() -> None:
    for image in images.known():
        assert image.name.startswith(boards.board(image.board).micropython + "-")
        assert len(image.sha256) == 64
