"""The steps of training: what a step is (`protocols`), and the stacked way to make it (`stacked_step`)."""
