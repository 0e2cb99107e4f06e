"""python boot_loader.py CHIP FOLDER [MAC]: a board's boot loader on the TCP port in FOLDER/port.

On SIGUSR1 it writes what lies in its flash to FOLDER/flash. It is esp32-mock-bootloader made
patient: by itself it gives up on a client that takes 50 ms to acknowledge a block.
"""

import signal
import sys
from pathlib import Path

from esp32_mock_bootloader import cli, registers, server

server._CLIENT_RECV_TIMEOUT = 2.0
chip, folder = sys.argv[1], Path(sys.argv[2])
if len(sys.argv) > 3:
    mac = tuple(bytes.fromhex(sys.argv[3].replace(":", "")))
    registers.mac_bytes_for_chip = lambda _: mac

flash = server.get_flash_image()


def show(*_: object) -> None:
    (folder / "flash.new").write_bytes(flash.data)
    (folder / "flash.new").rename(folder / "flash")


signal.signal(signal.SIGUSR1, show)
sys.argv[1:] = ["run", "--chip", chip, "--port", "0", "--port-file", str(folder / "port")]
sys.exit(cli.main())
