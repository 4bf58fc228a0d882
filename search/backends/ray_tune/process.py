"""The process that talks to Ray; the back end (`search.backends.ray_tune.backend`) starts it: the driver, here."""

import sys
from multiprocessing.connection import Connection

from space.errors import first_line

WAITING = b""
"""What the driver sends when it has no task until one ends; all else is a task."""


def main() -> None:
    driver = Connection(int(sys.argv[1]))
    settings = driver.recv()
    try:
        from search.backends.ray_tune.trials import serve

        serve(driver, **settings)
    except ImportError as error:
        driver.send(f"{error}; pip install 'ray[tune]'")
    except Exception as error:
        driver.send(first_line(error))


if __name__ == "__main__":
    main()
