"""Sealed history: the only Parquet and DuckDB."""
