import io
import os
import subprocess
import sys

from rich.console import Console
from rich.progress import Progress

from cfdist.cli.progress import Bars, Lines, show_progress


def feed(listener):
    listener.start("matrix")
    listener.add("matrix", 2)
    listener.note("a note [/x]")
    listener.advance("matrix")
    listener.advance("matrix")
    listener.finish("matrix", 1.25, False)
    listener.start("publish")
    listener.finish("publish", 0.1, True)


def test_lines(capsys):
    feed(Lines())
    told = capsys.readouterr().err.splitlines()
    assert told == ["a note [/x]", "matrix: done in 1.25 s", "publish: resumed in 0.10 s"]


def test_long_stages_tell_how_far_they_are(capsys, monkeypatch):
    monkeypatch.setattr("cfdist.cli.progress.LINE_EVERY_S", 0.0)
    lines = Lines()
    lines.start("neighbors")
    lines.add("neighbors", 4)
    lines.advance("neighbors")
    assert "neighbors: 1/4 tasks, about" in capsys.readouterr().err


def test_bars_count_tasks():
    screen = io.StringIO()
    with Progress(console=Console(file=screen, force_terminal=True)) as progress:
        bars = Bars(progress)
        feed(bars)
        done = {task.description: (task.completed, task.total) for task in progress.tasks}
    assert done["matrix"] == (2, 2)
    assert done["publish (resumed)"] == (1, 1)
    assert "a note [/x]" in screen.getvalue()


def test_quiet_says_nothing(capsys):
    with show_progress(quiet=True) as listener:
        feed(listener)
    assert capsys.readouterr().err == ""


def test_pipe_gets_plain_lines():
    code = (
        "from cfdist.cli.progress import show_progress\n"
        "with show_progress() as p: p.start('index'); p.finish('index', 1.0, False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stderr == "index: done in 1.00 s\n"
