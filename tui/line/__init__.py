"""The screen of a production line: one lane for each port."""
