"""One module a command, each with `run(arguments) -> exit code`."""

COMMANDS = ("train", "resume", "repeat", "report", "best", "predict", "dashboard", "list", "check", "doctor")
