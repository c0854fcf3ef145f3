"""The HTTP API (contract, section 7): routing, validation and OpenAPI are Powertools'; one module per subject."""
