"""The contract for people and for other languages: JSON Schema files, and the tables of `docs/protocol.md`.

python -m ringline_core.wire.export [--check]
"""
