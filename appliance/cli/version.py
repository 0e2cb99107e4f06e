"""`carbonseed version`."""

from importlib.metadata import version as version_of

import rich_click as click


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(version_of("carbonseed"))
