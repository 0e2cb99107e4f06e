"""The parts of the live view; each shows what it is given and asks nobody."""
