"""`python -m houselights`: the same as the `houselights` command."""

from houselights.cli import main

if __name__ == "__main__":
    main()
