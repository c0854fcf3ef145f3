"""Figures behind the promises: each script measures one claim, as ratios within one run where speed is meant."""
