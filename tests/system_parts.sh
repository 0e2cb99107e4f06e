#!/bin/sh
# Installs the parts of the system that some tests need, where that is possible; else they skip and say so.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium for the browser tests …"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install --no-install-recommends -y chromium >/dev/null; } ||
        echo "*** chromium could not be installed: the browser tests will be SKIPPED."
else
    echo "*** There is no chromium here: the browser tests will be SKIPPED. Install the package chromium to run them."
fi
