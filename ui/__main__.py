"""``python -m ui``: serve the pages."""

import sys

from ui.app import main

if __name__ == "__main__":
    sys.exit(main())
