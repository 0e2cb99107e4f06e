import logging
import sys

from appliance.logs import OneLine


def line(message: str, *, error: BaseException | None = None) -> str:
    caught = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("box", logging.INFO, __file__, 1, message, None, caught)
    return OneLine("%(levelname)s %(message)s").format(record)


def test_nobody_forges_a_second_line() -> None:
    assert line("device \x1b[31mred\r\nINFO all is well\u2028") == (
        "INFO device  [31mred INFO all is well "
    )


def test_an_error_is_told_in_one_line_with_the_way_to_it() -> None:
    try:
        int("seven\neight")
    except ValueError as error:
        told = line("It broke", error=error)
    assert "\n" not in told
    assert told.startswith("INFO It broke [ValueError: invalid literal for int()")
    assert f"{__file__}:" in told
    assert sys._getframe().f_code.co_name in told
