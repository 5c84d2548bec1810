"""`iso-alert`, and `python -m iso_alert`."""

from iso_alert.cli import main

if __name__ == "__main__":
    main()
