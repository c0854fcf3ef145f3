"""The one table: a module per aggregate, and `keys` as the only place with key strings."""
