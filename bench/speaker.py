"""A speaker without a service behind it: the real one, but that whatever it reads is durable at once, here.

Started by `bench.standin` as `service.speakers` starts the real one.
"""

import sys

from bench.at_once import AtOnce
from iso_alert.service.speaker import main

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], AtOnce())
