"""Brings a node onto its board: image, application, identity, one write, the first reading."""
