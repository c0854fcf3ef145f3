"""Lambda's entry points, a module for each function, so that none loads what only another one needs.

Loading makes many objects and next to no garbage, so the garbage collector rests from here until `loaded`. It would
look at them again and again, for a tenth of a cold start.
"""

from __future__ import annotations

import gc

gc.disable()


def loaded() -> None:
    """End a module's loading: what is there now stays as long as the process, and collections pass over it."""
    # Without the freeze the first collection, inside the first event, would look at everything after all.
    gc.freeze()
    gc.enable()
