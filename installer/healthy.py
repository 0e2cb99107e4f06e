#!/usr/bin/env python3
"""Whether the appliance of this container is ready: exit code 0, or 1 and what is missing.

Asks the container's own port, so the certificate, which may be the plant's own, needs no check.
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request

port = os.environ.get("CARBONSEED_PEOPLE_PORT", "8443")
anyone = ssl.create_default_context()
anyone.check_hostname = False
anyone.verify_mode = ssl.CERT_NONE
try:
    urllib.request.urlopen(f"https://127.0.0.1:{port}/healthz/ready", timeout=5, context=anyone)
except urllib.error.HTTPError as answer:
    checks = json.load(answer).get("checks", {})
    sys.exit("; ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok"))
except OSError as error:
    sys.exit(f"The appliance does not answer yet: {error}")
