"""The only PostgreSQL: SQL as literals in small typed functions, named by SQL verb."""
