"""Names in the folder of a sweep, other than its runs, and words that its records share."""

LOG = "sweep.log"
LAYOUT = "events.out.tfevents.0.layout"  # in the root: what TensorBoard's Custom Scalars page shows
MEANS = "mean"  # the folder of means, one a setting
DONE = ("completed", "stopped_early")  # statuses of runs that ended as they were meant to
PRUNED = "pruned"  # status of a run that a search ended, others being better; it can be continued
OVERVIEW = "overview"  # in what `runner dashboard` serves: the layout, and what the sweep has found
