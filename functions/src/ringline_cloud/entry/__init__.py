"""Lambda's entry points, a module for each function, so that none loads what only another one needs."""
