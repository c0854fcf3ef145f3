"""The edge connector: a daemon at the site that joins one PBX to the cloud."""
