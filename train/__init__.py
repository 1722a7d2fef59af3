"""What makes adapters: data checks, one file a backend, promotion. Run `python -m train --help`."""
