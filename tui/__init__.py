"""The operator console: a plant's devices and alerts in a terminal, through the API alone."""
