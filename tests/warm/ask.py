"""Stands on PATH as `python`, `flask` and so on: asks the host for a process, and lives exactly as long as it.

`programs` makes a script of this file, run by `python -IS`. It imports only what is built in, for to start it is what
a warm program costs. What it gets it passes on: its files, environment and directory to the process, signals too, and
the exit code or the signal back. When this is killed, the process and its group are killed as well: the host sees the
connection end.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import marshal
import posix
import sys

PASSED_ON = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM, _signal.SIGUSR1, _signal.SIGUSR2)
UNDERSTOOD = {b"PYTHONPATH", b"PYTHONUNBUFFERED", b"PYTHONDONTWRITEBYTECODE"}
"""What the host does for Python; with any other variable of Python's a real one is started."""


def main(python: str, scripts: str, home: str, name: str, *given: str) -> None:
    arguments = list(given) if name == "python" else [f"{scripts}/{name}", *given]
    # [-P] -m MODULE, -c CODE or a file; other options of Python's own, and none at all, are for a real one.
    option = "".join(arguments[:1])
    warm = option in ("-m", "-c") or arguments[:2] == ["-P", "-m"] or not "-".startswith(option[:1])
    if not warm or any(key.startswith(b"PYTHON") and key not in UNDERSTOOD for key in posix.environ):
        posix.execv(python, [python, *arguments])
    files = inherited()
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(f"{home}/socket")
    asked = marshal.dumps((arguments, posix.environ, posix.getcwd(), files))
    sent = b"".join(number.to_bytes(4, sys.byteorder) for number in files)
    connection.sendmsg([len(asked).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, sent)])
    connection.sendall(asked)
    for number in PASSED_ON:
        _signal.signal(number, lambda received, _: connection.send(bytes([received])))
    said = b""
    while more := connection.recv(16):
        said += more
    code = int(said or b"70")  # nothing: the host is gone
    if code < 0:
        if -code in PASSED_ON:
            _signal.signal(-code, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -code)
    posix._exit(code)


def inherited() -> list[int]:
    """The files that this was started with: Python's own are for no other program."""
    found = []
    for number in map(int, posix.listdir("/proc/self/fd")):
        try:
            if posix.get_inheritable(number):
                found.append(number)
        except OSError:  # the directory's own
            pass
    return found
