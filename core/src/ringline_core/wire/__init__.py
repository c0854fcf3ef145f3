"""The wire contract, version 1: every message between page, cloud and edge."""
