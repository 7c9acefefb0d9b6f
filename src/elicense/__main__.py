"""``python -m elicense``."""

from elicense.cli import main

if __name__ == "__main__":
    main()
