"""The durable spool: what must not be lost between the PBX's event and the cloud's ack."""
