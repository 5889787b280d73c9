"""What a run shall restore: TARGET in the words of people, and as a backup with settings of recovery."""

import datetime
import json
import re

from archive import Problem

HOW = (
    "`latest`, a day such as `2026-11-20` for the newest backup of it, "
    "or a moment such as `2026-11-20T10:15:00Z`, always with its zone"
)
DAY = r"\d{4}-\d\d-\d\d"
MOMENT = DAY + r"T\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"


class Choice:
    """A backup, what recovery is told, and how its log says that it did so."""

    def __init__(self, backup, timeline, reached, **settings):
        self.backup = backup
        self.label = backup["label"]
        self.timeline = timeline
        self.reached = reached
        self.settings = {"recovery_target_timeline": f"{timeline}", **settings}
        self.latest = not settings
        self.point = settings.get("recovery_target_name")

    @property
    def rows(self):
        """How many rows there were, where this is restored to the moment at which they were counted."""
        return noted(self.backup) if self.point else None


def noted(backup):
    return json.loads((backup.get("annotation") or {}).get("rows", "null"))


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def stop(backup):
    return backup["timestamp"]["stop"]


def parsed(text):
    """None for the latest state, a date, or a moment. Does without the repository, so that it can come first."""
    if text == "latest":
        return None
    try:
        if re.fullmatch(DAY, text or ""):
            return datetime.date.fromisoformat(text)
        if re.fullmatch(MOMENT, text or ""):
            whole, fraction, zone = re.fullmatch(r"(.{19})(?:\.(\d+))?(.+)", text).groups()
            zone = "+00:00" if zone == "Z" else zone
            return datetime.datetime.fromisoformat(f"{whole}.{(fraction or '').ljust(6, '0')}{zone}")
    except ValueError:
        pass
    raise Problem(f"expected TARGET to be {HOW}; got {repr(text) if text else 'none'}")


def choose(wanted, repository, now):
    """The backup to begin with, and where recovery ends."""
    if wanted is None:
        return latest(repository)
    if isinstance(wanted, datetime.datetime):
        return at_moment(wanted, repository, now)
    return of_day(wanted, repository)


def latest(repository):
    timeline = max(repository.history)
    fit = [backup for backup in repository.backups if repository.leads_to(backup, timeline)]
    if not fit:
        raise Problem(f"expected a backup from which log leads to timeline {timeline}, got none: give a day or a moment")
    missing = repository.gap(fit[-1], timeline)
    if missing:
        raise Problem(
            f"expected write-ahead log without a gap after {fit[-1]['label']}, got {missing} missing: "
            "restore a moment before it, or the day of a backup"
        )
    return Choice(fit[-1], timeline, r"redo done at|redo is not required")


def of_day(day, repository):
    fit = [backup for backup in repository.backups if utc(stop(backup)).startswith(day.isoformat())]
    if not fit:
        there = ", ".join(sorted({utc(stop(backup))[:10] for backup in repository.backups}))
        raise Problem(f"expected a backup of {day} (UTC) in repository {repository.number}, got backups of {there}")
    return at_end(fit[-1])


def at_end(backup):
    """The end of a backup: where its rows were counted, a moment later; one without figures as soon as it is whole."""
    timeline = int(backup["archive"]["stop"][:8], 16)
    rows = noted(backup)
    if rows is None:
        return Choice(backup, timeline, "recovery stopping after reaching consistency", recovery_target="immediate")
    point = rows["point"]
    return Choice(backup, timeline, f'recovery stopping at restore point "{point}"', recovery_target_name=point)


def at_moment(wanted, repository, now):
    moment = wanted.timestamp()
    if moment > now:
        raise Problem(f"expected TARGET to be a moment of the past, got {wanted.isoformat()}; it is {utc(now)}")
    timeline = repository.serving(moment)
    fit = [each for each in repository.backups if stop(each) < moment and repository.leads_to(each, timeline)]
    if not fit:
        oldest = min(repository.backups, key=stop)
        raise Problem(
            f"expected TARGET to be later than the end of the oldest backup, got {wanted.isoformat()}; "
            f"repository {repository.number} begins with {oldest['label']}, which ended at {utc(stop(oldest))}"
        )
    # To the microsecond, in a zone that PostgreSQL cannot misread.
    text = wanted.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    return Choice(fit[-1], timeline, "recovery stopping (before|after)", recovery_target_time=text)
