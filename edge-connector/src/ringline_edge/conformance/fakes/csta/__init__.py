"""A CSTA server with a small switch behind it, made after schema and public notes; apart from the adapter's codec."""
