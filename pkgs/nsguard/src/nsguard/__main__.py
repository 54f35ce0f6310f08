"""`python -m nsguard`."""

import sys

from nsguard.cli import main

sys.exit(main())
