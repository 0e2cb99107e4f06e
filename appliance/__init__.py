"""Everything that runs in the Carbonseed box."""

from importlib.metadata import version

__version__ = version("carbonseed")
