"""A board's identity as an NVS partition: the small store of names and values beside the files."""

import io
from collections.abc import Mapping

from flasher.boards import BLOCK_BYTES, NVS_BYTES
from flasher.errors import BoardError

NAMESPACE = "carbonseed"
LARGEST_BLOB = 4000
"""What the node reads at most; Wi-Fi keeps its own values in the same 24 KiB."""


def image(blobs: Mapping[str, bytes]) -> bytes:
    """The partition with these blobs; MicroPython reads blobs and small numbers, nothing else."""
    from esp_idf_nvs_partition_gen import nvs_partition_gen as nvs  # noqa: PLC0415  slow to load

    for name, blob in blobs.items():
        if len(blob) > LARGEST_BLOB:
            raise BoardError(
                f"The node's {name} has {len(blob)} bytes; a board takes {LARGEST_BLOB}."
            )
    out = io.BytesIO()
    usable = NVS_BYTES - BLOCK_BYTES  # one page stays free, for the board to tidy up with
    made = nvs.nvs_open(out, usable, version=nvs.Page.VERSION2)
    nvs.write_entry(made, NAMESPACE, "namespace", "", "")
    for name, blob in blobs.items():
        nvs.write_entry(made, name, "data", "hex2bin", blob.hex())
    nvs.nvs_close(made)
    return out.getvalue()
