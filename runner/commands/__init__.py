"""One module a command, each with `run(arguments) -> exit code`."""

COMMANDS = ("train", "resume", "predict", "dashboard", "list", "doctor")
