"""One module a kind of diagnosis, each with one class; `runner.diagnose.base.kinds` imports them all."""
