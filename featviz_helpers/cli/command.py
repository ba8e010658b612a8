"""One kind of command, which turns every expected error into one sentence and an exit status."""

from __future__ import annotations

import errno
import signal
from typing import Any

import click

from ..common.errors import NotFinite, TooLittleMemory, printable
from ..common.memory import is_lack_of_memory

# What was given is wrong, and nothing was tried: exit status 2. Any other OSError is the machine's: exit status 1.
REFUSALS = (ValueError, FileNotFoundError, NotADirectoryError)
NO_NAME = {errno.ENAMETOOLONG, errno.ELOOP}  # what no file can be called was asked for
SMALLER = "Ask for smaller pictures, or for fewer at once."
EXTRAS = {  # module -> extra of this package
    "dask": "scale", "distributed": "scale", "dask_jobqueue": "scale",
    "lpips": "lpips", "torch": "lpips", "torchvision": "lpips",
}  # fmt: skip


class Command(click.Command):
    """A command of featviz.

    Exit status: 0; 1 if something failed on the way, or a package is missing; 2 if the request was refused; 130 after
    Ctrl-C, when the terminal is closed, or SIGTERM, which is how a cluster stops a job.

    Args:
        stopped: said after Ctrl-C; `{out}` and other parameters of the command are filled in.
    """

    def __init__(self, *args: Any, stopped: str = "The same command goes on from here.", **options: Any) -> None:
        super().__init__(*args, **options)
        self.stopped = stopped

    def invoke(self, context: click.Context) -> Any:
        """Run the command.

        Raises:
            UsageError: the request was refused.
            ClickException: something failed on the way.
        """
        stop_like_ctrl_c()
        try:
            return super().invoke(context)
        except ModuleNotFoundError as error:
            raise click.ClickException(missing_package(error, context.command_path)) from None
        except ImportError as error:  # how fsspec says which package a protocol needs
            if (error.name or "").startswith(__package__.partition(".")[0]):
                raise
            raise click.ClickException(sentence(error)) from None
        except BrokenPipeError:  # the reader of the output is gone; click knows what to do
            raise
        except REFUSALS as error:
            raise click.UsageError(sentence(error), context) from None
        except OSError as error:
            if error.errno in NO_NAME:
                raise click.UsageError(sentence(error), context) from None
            raise click.ClickException(sentence(error)) from None
        except (NotFinite, TooLittleMemory) as error:
            raise click.ClickException(sentence(error)) from None
        except KeyboardInterrupt:
            click.echo(f"\nStopped. {self.stopped.format(**context.params)}", err=True)
            context.exit(130)
        except Exception as error:
            if not is_lack_of_memory(error):
                raise
            reason = f" ({sentence(error)[:200]})" if str(error) else ""
            raise click.ClickException(f"There is too little memory{reason}. {SMALLER}") from None


def stop_like_ctrl_c() -> None:
    """Let SIGTERM, and a terminal that is closed, stop this process as Ctrl-C does; under nohup the latter does not."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def sentence(error: Exception) -> str:
    """Return the message of an error in one line, without the number that the operating system gives to it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return printable(f"{error.filename}: {error.strerror}")
    return printable(str(error))


def missing_package(error: ModuleNotFoundError, command: str) -> str:
    """Return what to install for a command.

    Raises:
        ModuleNotFoundError: the missing module is this package's own.
    """
    module = (error.name or "").partition(".")[0]
    if module in ("", __package__.partition(".")[0]):
        raise error
    if "is not installed" in str(error):  # words of this package, which knows better
        return printable(str(error))
    if extra := EXTRAS.get(module):
        return (
            f"'{command}' needs the package '{module}', which comes with the extra '{extra}'. In the course's folder: "
            f"make {'lpips' if extra == 'lpips' else 'setup'}. Elsewhere: pip install 'featviz-helpers[{extra}]'"
        )
    return f"'{command}' needs the package '{module}', which is not installed: pip install {module}"
