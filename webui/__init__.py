"""The web dashboard: pages, templates, elements and styles."""
