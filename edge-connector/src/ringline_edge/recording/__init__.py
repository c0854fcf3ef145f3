"""A PBX session written down so that it can be sent to strangers: who wrote to whom is gone, what happened is not."""
