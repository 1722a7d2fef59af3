"""Is the model as often right as it is sure, and how to make it so.

`calibration` measures: figures with intervals (`figures`), by resampling whole conversations (`resampling`).
`fit` (in `fitting`) makes a `Calibrator`, which maps confidence to probability and is stored with its adapter.
"""

from __future__ import annotations

from suite.calibration.calibrator import CALIBRATOR, Calibrator, read_calibrator
from suite.calibration.figures import Calibration, calibration
from suite.calibration.units import conversation_of

__all__ = ["CALIBRATOR", "Calibration", "Calibrator", "calibration", "conversation_of", "read_calibrator"]
