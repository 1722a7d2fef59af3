"""What lets an adapter serve under a name, and what lets others check that it may: the gate's verdict, a signed record,
a registry whose alias moves in one step, and the check before anything is loaded. May import `rows` and all below it.

`load_promoted(name)` returns the folder of the adapter that serves, once all of it was checked; PEFT loads that folder.
"""

from train.promotion.verify import load_promoted

__all__ = ["load_promoted"]
