"""The steps of training: what a step is (`base`), and the stacked way to make it (`stacked`)."""
