"""The NVS partition, read back by a reader of its own that checks every CRC."""

from types import ModuleType

import pytest

from flasher import nvs
from flasher.errors import BoardError
from tests.flasher.conftest import nvs_reader


@pytest.fixture
def esp32() -> ModuleType:
    return nvs_reader()


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1984, 3900, 4000])
def test_every_blob_is_read_back_as_it_was(esp32, size: int) -> None:
    blobs = {"config": bytes(i % 251 for i in range(size)), "key": b"csk_" + b"k" * 54}
    esp32.partition = nvs.image(blobs)
    assert len(esp32.partition) == 0x6000
    store = esp32.NVS(nvs.NAMESPACE)
    for name, blob in blobs.items():
        buffer = bytearray(4000)
        length = store.get_blob(name, buffer)
        assert bytes(buffer[:length]) == blob


def test_a_board_replaces_a_blob_and_keeps_the_rest(esp32) -> None:
    blobs = {"config": b"c" * 2500, "key": b"csk_" + b"k" * 54}
    esp32.partition = nvs.image(blobs)
    for key in (b"csk_" + b"n" * 54, b"csk_" + b"m" * 54, b"short"):
        esp32.NVS(nvs.NAMESPACE).set_blob("key", key)
        for name, blob in {**blobs, "key": key}.items():
            buffer = bytearray(4000)
            length = esp32.NVS(nvs.NAMESPACE).get_blob(name, buffer)
            assert bytes(buffer[:length]) == blob
    with pytest.raises(OSError, match="-4357"):
        esp32.NVS(nvs.NAMESPACE).set_blob("key", b"x" * 2000)


def test_what_is_not_there_is_an_oserror_as_on_a_board(esp32) -> None:
    esp32.partition = nvs.image({"key": b"k"})
    with pytest.raises(OSError, match="-4354"):
        esp32.NVS(nvs.NAMESPACE).get_blob("config", bytearray(10))
    with pytest.raises(OSError, match="-4354"):
        esp32.NVS("other").get_blob("key", bytearray(10))


def test_a_flipped_bit_is_noticed(esp32) -> None:
    image = bytearray(nvs.image({"key": b"csk_" + b"k" * 54}))
    image[image.index(b"kkkk")] ^= 1
    esp32.partition = bytes(image)
    with pytest.raises(OSError, match="CRC"):
        esp32.NVS(nvs.NAMESPACE)


def test_a_blob_that_a_board_could_not_read_is_refused() -> None:
    with pytest.raises(BoardError, match="4001"):
        nvs.image({"config": b"x" * 4001})


def test_the_last_page_stays_free_for_the_board_to_tidy_up_with() -> None:
    assert nvs.image({"config": b"x" * 4000})[-4096:] == b"\xff" * 4096
