"""Ways to the open sockets."""
