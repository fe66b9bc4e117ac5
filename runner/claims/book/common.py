"""Words that sweeps of several claims have in common."""

SIGNALS = (
    "dataset=mnist1d", "dataset.train_size=1000", "model.hidden=[64,64]", "optimizer.lr=0.002",
    "trainer.batch_size=50", "trainer.epochs=100", "early_stopping=none",
)  # fmt: skip
WITH_ECE = (*SIGNALS, "trainer.metrics=[ece]")
SEEDS = "seed=range(10)"
COARSE = ("seed=0,1,2", "trainer.epochs=30")

SPLITS = ("seed=range(10)", "dataset.split_seed=range(10)")  # each split with a seed of its own
TOGETHER = "seed,dataset.split_seed"  # a group of hydra.sweeper.zip
FEWER_SPLITS = ("seed=0,1,2", "dataset.split_seed=0,1,2")
COARSE_SPLITS = (*FEWER_SPLITS, "trainer.epochs=20")
