"""The error tree. Two questions decide the class: how far does the damage reach, and would trying again help?"""


class EtlError(Exception):
    """Any failure this project raises on purpose; its text is one line for a person."""


class ConfigError(EtlError):
    """A person must change something: usage, settings, rules. Exit code 2."""


class RulesError(ConfigError):
    """A rule file is wrong; the text names file and key."""


class LeafError(EtlError):
    """One leaf (file, member, record) can't be loaded and becomes a rejection; the run goes on.

    `reason` is a code of the closed list in `rules/reasons.toml`. `detail` never carries article text.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class SourceError(LeafError):
    """The bytes could not be had: unreadable, vanished, not a regular file. Tried again on every run."""


class ArticleError(LeafError):
    """The bytes were read but no article comes out of them: undecodable, binary, empty, an error page."""


class StoreError(EtlError):
    """The database refused for good: too old, no rights, newer schema. Exit code 1."""


class StoreUnavailable(StoreError):
    """The database is away for now: retried with backoff and a cap, then exit code 1."""


class SchemaMismatch(StoreError):
    """The schema is not the one this code speaks; the text names the migration command."""


class RunLocked(StoreError):
    """Another run holds the lock. Exit code 75."""


class RunLost(StoreError):
    """The run's row is no longer ours: a successor took over, nothing more may be written. Exit code 1."""


class RunSuspect(EtlError):
    """A run-level floor broke: far fewer files than usual, or too many rejected. What was loaded stays. Exit code 3."""
