"""What the benches of a bare machine share: one run of scripts/prove-bare-machine, its steps' times as figures."""
import os, re, subprocess

from e2e.harness import ROOT
from bench._common import line

HOW = "with a compiler cache" if os.environ.get("APP_CCACHE_DIR") else "from nothing"


def prove(which, figures):
    """figures: step -> (what it measures, goal in minutes)."""
    done = subprocess.Popen([str(ROOT / "scripts/prove-bare-machine"), which], stdout=subprocess.PIPE, text=True)
    for text in done.stdout:
        step = re.match(r"(\S+) (\d+) s$", text)
        if step and step.group(1) in figures:
            what, goal = figures[step.group(1)]
            line(f"{what.format(how=HOW)}, minutes", f"{int(step.group(2)) / 60:.1f}", goal)
        elif not step:
            print(f"# {text.strip()}")
    if done.wait() != 0:
        raise SystemExit("scripts/prove-bare-machine failed")
