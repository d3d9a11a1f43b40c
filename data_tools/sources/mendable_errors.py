"""What file systems and readers of archives raise → one line that names the source."""

from collections.abc import Iterator
from contextlib import contextmanager

from data_tools.errors import UserError, join_message

ARCHIVE_REMEDY = "download the archive again"
_ANOTHER_TOOL = "unpack the archive with another tool and name the folder"


@contextmanager
def mendable_errors(name: str, remedy: str = ARCHIVE_REMEDY) -> Iterator[None]:
    """Turn what the file system and archives' readers raise into one line that names the source.

    Raises:
        UserError: in the place of any other error.
    """
    try:
        yield
    except UserError:
        raise
    except NotImplementedError as error:
        problem = f"cannot be read here ({error})"
        raise UserError(join_message(name, problem, _ANOTHER_TOOL)) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            problem = f"cannot be read ({error.strerror or error})"
            place = str(error.filename or name)
            check = "check the path and its permissions"
            raise UserError(join_message(place, problem, check)) from None
        # On damage zipfile hands on whatever comes up: BadZipFile, zlib.error, LZMAError, EOFError,
        # an OSError from bz2, UnicodeDecodeError, IndexError, OverflowError and more.
        problem = f"is damaged ({str(error) or type(error).__name__})"
        raise UserError(join_message(name, problem, remedy)) from None
