"""`python -m pipec`."""

from pipec.cli import main

if __name__ == "__main__":
    main()
