"""One module a command, each with `run(arguments) -> exit code`."""

COMMANDS = (
    "train",
    "resume",
    "repeat",
    "nested",
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
