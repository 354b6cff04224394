"""`python -m undersigned` is `undersigned`."""

from undersigned.cli.main import main

raise SystemExit(main())
