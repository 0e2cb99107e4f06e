"""The one door to readings, wherever they lie."""
