"""One module a command, each with `run(arguments) -> exit code`."""

COMMANDS = (
    "train",
    "resume",
    "repeat",
    "report",
    "best",
    "ensemble",
    "predict",
    "diagnose",
    "dashboard",
    "claim",
    "list",
    "check",
    "doctor",
)
