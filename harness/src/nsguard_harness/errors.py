"""What can go wrong in the harness.

HarnessError
├── LabError         the lab could not do its work: says nothing about the system under test
│   └── AgentError   an agent in a machine did not answer, or not in its own language
├── ScenarioError    a scenario that Nix refuses, or a plan without the expected shape
└── CommandError     a command in a machine did not end as the caller asked
"""


class HarnessError(Exception):
    """Base of all; the text is one line, lower-case: what, where, and how to mend it."""


class LabError(HarnessError):
    """An image, a wire, a boot or a capture failed."""


class AgentError(LabError):
    """An agent could not be reached, or its answer could not be understood."""


class ScenarioError(HarnessError):
    """A scenario could not be turned into units and files."""


class CommandError(HarnessError):
    """A command in a machine ended otherwise than asked.

    status: its exit status; output: what it wrote to standard output.
    """

    def __init__(self, message: str, status: int = 0, output: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.output = output
