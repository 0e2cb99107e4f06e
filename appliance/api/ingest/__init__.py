"""Takes readings from devices: a small ASGI application of its own, for both listeners."""
