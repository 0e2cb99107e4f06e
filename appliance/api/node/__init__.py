"""What nodes ask for and tell beside their readings, as a small ASGI application of its own."""
