"""The pure middle of Ringline: wire contract, call and station reducers, errors. No I/O, no clock."""
