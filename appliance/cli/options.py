"""Options that several commands share, and the settings they add up to."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from appliance.settings import Settings, from_env

Command = TypeVar("Command", bound=Callable[..., Any])

data_dir = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where everything is kept.  [env: CARBONSEED_DATA_DIR]",
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")


def ports(command: Command) -> Command:
    """Add --host and the three ports."""
    for name, said in (
        ("--http-port", "Plain HTTP that sends browsers on; 0: off.  [8080]"),
        ("--device-port", "HTTPS for devices.  [8444]"),
        ("--people-port", "HTTPS for people.  [8443]"),
    ):
        command = click.option(name, type=click.IntRange(0, 65535), help=said)(command)
    return click.option("--host", help="Address to listen on.  [0.0.0.0]")(command)


def settings(**given: Any) -> Settings:
    """The settings of the environment with what the command line says over them."""
    if given.get("data_dir"):
        given["data_dir"] = given["data_dir"].absolute()
    return from_env(os.environ, **given)
