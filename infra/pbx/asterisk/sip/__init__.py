"""A SIP user agent for the bench: messages, dialogs and the phones that agents and callers hold."""
