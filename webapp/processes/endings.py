"""Why a training process ended, in words that a person can act on."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext as _

KILLED = -9
_SPOKEN = "mlcore: "


def kernel_kills(vmstat: Path = Path("/proc/vmstat")) -> int:
    """Return how many processes the kernel has killed for want of memory since it started; 0 where it does not tell."""
    try:
        lines = vmstat.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def reason(returncode: int, errors: Path, *, kills: int, last: bool) -> str:
    """Return why the run cannot go on; nothing where another attempt may, or where it is no fault of its settings.

    kills: processes that the kernel killed for want of memory meanwhile. last: no attempt is left, so that being killed
    from outside again and again is most likely the same.
    """
    if returncode == KILLED and (kills or last):
        return _(
            "The server ran out of memory. Start it again with a smaller batch (episodes a step, ways, shots or "
            "queries), a narrower network, or smaller pictures."
        )
    return last_words(errors.read_text(errors="replace")) if returncode == 1 else ""


def last_words(errors: str) -> str:
    """Return the sentence that mlcore ended with, if it did with one."""
    spoken = [line for line in errors.splitlines() if line.startswith(_SPOKEN)]
    sentence = spoken[-1].removeprefix(_SPOKEN).strip() if spoken else ""
    is_setting = "_" in sentence.partition(" ")[0]  # whose name stays, for pages to put its label there
    return sentence if is_setting else sentence[:1].upper() + sentence[1:]
