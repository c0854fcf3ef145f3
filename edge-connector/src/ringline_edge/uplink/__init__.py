"""The way to the cloud: a session without I/O, and the shell that gives it a WebSocket."""
