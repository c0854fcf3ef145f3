"""The cloud: Lambda handlers, services, store and fan-out."""
