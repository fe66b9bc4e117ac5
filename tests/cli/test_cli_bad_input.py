"""Wrong input on the command line: exit code 2, one message with key and fix, no traceback, nothing left behind."""

import pytest
from omegaconf import OmegaConf

from runner.cli import main
from runner.config.settings import default_tree


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *words: str) -> str:
    """The message of a command line that must be refused."""
    code = main(list(words))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    return err


def test_many_problems_in_one_message(here, capsys):
    lines = refused(
        capsys,
        "optimizer=smd", "model.hiden=3", "++typo=3", "+model.extra=3", "optimizer.lr=nan", "regularizer.dropout=1.0",
        "model.hidden=[0]", "trainer.batch_size=0", "seed=-1", "scheduler.warmup=200", "name=a(b",
    ).splitlines()  # fmt: skip
    assert lines[0] == "runner: 11 problems"
    assert [int(line.split(".")[0]) for line in lines[1:]] == list(range(1, 12))
    for key in ("optimizer = smd", "model.hiden", "typo", "model.extra", "optimizer.lr", "regularizer.dropout",
                "model.hidden", "trainer.batch_size", "seed", "scheduler.warmup", "name=a(b"):  # fmt: skip
        assert any(line[5:].startswith(key) for line in lines), key
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["optimizer.lr=0"], ["optimizer.lr = 0", "a number > 0", "optimizer.lr=0.001"]),
        (["optimizer.lr=-0.1"], ["optimizer.lr = -0.1", "a number > 0"]),
        (["optimizer.lr=nan"], ["optimizer.lr = nan", "not a finite number"]),
        (["optimizer.lr=fast"], ["optimizer.lr = fast", "not a number"]),
        (["regularizer.dropout=1.0"], ["regularizer.dropout = 1", ">= 0 and < 1", "regularizer.dropout=0.5"]),
        (["regularizer.dropout=1.5"], ["regularizer.dropout = 1.5", "out of range"]),
        (["regularizer.dropout=-0.1"], ["regularizer.dropout = -0.1", "out of range"]),
        (["model.hidden=[0]"], ["model.hidden = [0]", "whole numbers >= 1", "model.hidden=[128]"]),
        (["model.hidden=[-3]"], ["model.hidden = [-3]", "whole numbers >= 1"]),
        (["model.hidden=abc"], ["model.hidden = abc", "not a whole number"]),
        (["trainer.batch_size=0"], ["trainer.batch_size = 0", ">= 1", "trainer.batch_size=32"]),
        (["loss=mse", "regularizer.label_smoothing=0.1"], ["regularizer.label_smoothing = 0.1", "loss=cross_entropy"]),
        (["scheduler.warmup=11", "trainer.epochs=10"], ["scheduler.warmup = 11", "trainer.epochs = 10"]),
        (["dataset.val_fraction=0"], ["early_stopping.patience = 10", "early_stopping=none"]),
        (["dataset.val_fraction=0.6", "dataset.test_fraction=0.4"], ["dataset.val_fraction = 0.6", "must be < 1"]),
        (["seed=-1"], ["seed = -1", ">= 0"]),
        (["trainer.device=gpu"], ["trainer.device = gpu", "cuda:0"]),
        (["dataset=wine", "augmentation=[shift]"], ["augmentation.shift = 0.1", "dataset=wine is a table"]),
        (["dataset=wine", "augmentation.cutmix=1"], ["augmentation.cutmix = 1", "set augmentation.cutmix=0"]),
        (["augmentation=[swap_noise]"], ["augmentation.swap_noise = 0.1", "is for tables"]),
        (["augmentation.saturation=0.2"], ["augmentation.saturation = 0.2", "the images of dataset=digits are grey"]),
        (["augmentation.crop=8"], ["augmentation.crop = 8", "8 x 8 pixels", "augmentation.crop=1"]),
        (["augmentation.cutout=2"], ["augmentation.cutout.share = 2", ">= 0 and <= 1"]),
        (
            ["dataset=wine", "augmentation.snr=20"],
            ["augmentation.snr = 20", "is for signals", "set augmentation.snr=null"],
        ),
        (["dataset=csv", "augmentation=[word_swap]"], ["augmentation.word_swap = 0.1", "set dataset.text=[COLUMN]"]),
        (["augmentation.mixup=-1"], ["augmentation.mixup = -1", ">= 0", "augmentation.mixup=0.2"]),
        (["averaging=ema", "averaging.decay=1"], ["averaging.decay = 1", "< 1"]),
        (["averaging=emma"], ["averaging = emma", "did you mean averaging=ema?"]),
        (["optimizer.clip_value=0"], ["optimizer.clip_value = 0", "> 0"]),
        (["model.residual=true"], ["model.residual = true", "model.hidden=[128,128]"]),
        (["model.norm=bach"], ["model.norm = bach", "did you mean model.norm=batch?"]),
        (
            ["optimizer.proximal=true", "regularizer=[l1,group_lasso]"],
            ["optimizer.proximal = true", "group_lasso and l1"],
        ),
        (["experiment=fashion_mnis"], ["experiment = fashion_mnis", "experiment=fashion_mnist"]),
        (["resum"], ["resum", "did you mean runner resume?"]),
        (["optimizer.lr=0.1,0.2"], ["add -m"]),
        (["-m", "optimizer.lr=0.1,-2"], ["optimizer.lr = -2"]),
        (["hydra.job.nam=x"], ["hydra.job.nam"]),
        (["-m", "seed=0,1", "--cfg", "job"], ["-m and --cfg", "leave one out"]),
        (["--config-dir", "nowhere"], ["nowhere", "no such folder"]),
        (["resume", "nowhere"], ["nowhere", "no such folder", "last"]),
        (["resume", "."], ["not the folder of a run"]),
        (["resume", "last"], ["no run under outputs/"]),
        (["dashboard", "nowhere"], ["nowhere", "no such folder"]),
        (["dashboard"], ["outputs", "no such folder"]),
        (["list", "optimiser"], ["did you mean optimizer?"]),
        (["list", "optimizer=adm"], ["did you mean adam?"]),
        (["list", "dropout"], ["no group 'dropout'; dropout is a choice: runner list regularizer=dropout"]),
        (["list", "droput"], ["did you mean dropout? It is a choice: runner list regularizer=dropout"]),
        (["list", "none"], ["runner list averaging=none or runner list early_stopping=none"]),
        (["list", "l1_ratio"], ["l1_ratio is a key: runner list regularizer=elastic_net"]),
        (["-m", "hydra/sweeper=rnd"], ["hydra/sweeper = rnd", "did you mean hydra/sweeper=random?", "basic | grid"]),
        (["-m", "hydra/launcher=popul"], ["did you mean hydra/launcher=population?", "allowed: basic | population"]),
        (["hydra/job_logging=nne"], ["did you mean hydra/job_logging=none?", "allowed: default | disabled"]),
        (["-m", "hydra/sweepr=grid"], ["hydra/sweepr=grid: Hydra has no such group; did you mean hydra/sweeper?"]),
        (["reprot", "last"], ["reprot: neither a command nor key=value; did you mean runner report?"]),
        (["optimizer.lr=0.1", "optimzer.foo=3"], ["optimzer.foo = 3: unknown key; did you mean optimizer?"]),
        (["name=${seed}"], ["an interpolation, which quotes do not help, needs text around it", "name=run${seed}"]),
    ],
)
def test_each_is_refused_with_the_key_and_the_fix(words, says, here, capsys):
    message = refused(capsys, *words)
    assert len(message.splitlines()) == 1
    for text in says:
        assert text in message
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["dataset=wine", "dataset.class_weights={class_9: 2}"],
            ["'grower' has no class 'class_9'", "class_0, class_1"],
        ),
        (["dataset=diabetes", "dataset.class_weights=balanced"], ["dataset.class_weights = balanced", "is a number"]),
        (["dataset=diabetes", "dataset.label_noise=0.1"], ["dataset.label_noise = 0.1", "is a number", "=0"]),
        (["dataset=diabetes", "early_stopping.monitor=val/roc_auc"], ["has no roc_auc; allowed: val/loss, val/rmse"]),
        (["dataset=diabetes", "trainer.metrics=[f1]"], ["trainer.metrics = [f1]", "has no f1"]),
        (["dataset=iris", "dataset.folds=100"], ["dataset.folds=100", "the smallest, has only 42 rows"]),
        (["dataset=npz", "dataset.path=nowhere.npz"], ["nowhere.npz does not exist", "dataset.path"]),
    ],
)
def test_what_only_the_data_tell_is_refused_too(words, says, here, capsys):
    message = refused(capsys, *words)
    assert len(message.splitlines()) == 1
    for text in says:
        assert text in message
    assert not [path for path in here.rglob("*") if path.is_file()]


@pytest.mark.parametrize("words", [["hydra.run.dir=file/x"], ["hydra.run.dir=file"], ["-m", "hydra.sweep.dir=file/x"]])
def test_an_output_folder_that_cannot_be_made(words, here, capsys):
    (here / "file").write_text("")
    message = refused(capsys, *words)
    assert "file" in message
    assert "cannot be made" in message


def test_the_default_output_folder_cannot_be_made(here, capsys):
    (here / "outputs").write_text("")
    message = refused(capsys)
    assert "hydra.run.dir = outputs/" in message


@pytest.mark.parametrize("name", ["metrics.csv", "summary.json", ".hydra"])
def test_a_folder_that_holds_a_run_is_refused(name, here, capsys):
    (here / "mine").mkdir()
    (here / "mine" / name).write_text("kept")
    message = refused(capsys, "hydra.run.dir=mine")
    assert "runner resume mine" in message
    assert (here / "mine" / name).read_text() == "kept"


@pytest.mark.parametrize("words", [["resume"], ["predict", "last"], ["dashboard", "--port", "x"], ["list", "a", "b"]])
def test_wrong_usage_of_a_command_is_argparses(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert f"usage: runner {words[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "last", "--htlm"], "runner: report: unrecognized arguments: --htlm; did you mean --html?"),
        (["resume", "last", "--workers", "2", "--quick"], "--quick; `runner resume --help` shows all"),
        (["claim", "--quik"], "did you mean --quick?"),
        (["claim", "--al"], "did you mean --all?"),
    ],
)
def test_an_unknown_flag_of_a_command_is_answered_in_a_line(words, says, capsys):
    message = refused(capsys, *words)
    assert says in message and len(message.splitlines()) == 1


def test_a_corrupted_run_is_named(here, capsys):
    (here / "run" / ".hydra").mkdir(parents=True)
    tree = default_tree() | {"optimizer": {"name": "nope"}}
    OmegaConf.save(OmegaConf.create(tree), here / "run" / ".hydra" / "config.yaml")
    assert "optimizer = nope" in refused(capsys, "resume", "run")
