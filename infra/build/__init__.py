"""What follows `sam build`."""
