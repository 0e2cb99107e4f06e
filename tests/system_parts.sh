#!/bin/sh
# Installs the parts of the system that some tests need, where that is possible; else they skip and say so.
set -eu

parts() { # WHAT TESTS PROGRAM… -- PACKAGE…: the packages, if a program is missing
    what=$1 missing=
    shift
    while [ "$1" != -- ]; do
        command -v "$1" >/dev/null || missing=yes
        shift
    done
    shift
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing $* for $what …"
        export DEBIAN_FRONTEND=noninteractive
        { apt-get -qq update && apt-get -qq install --no-install-recommends -y "$@" >/dev/null; } ||
            echo "*** $* could not be installed: $what will be SKIPPED."
    else
        echo "*** Parts are missing here: $what will be SKIPPED. Install the packages $* to run them."
    fi
}

parts "the browser tests" chromium -- chromium
parts "the installer's tests" dockerd docker-compose debootstrap iptables-save shellcheck -- \
    docker.io docker-compose debootstrap iptables iproute2 shellcheck
parts "the test of PySpark" java -- default-jre-headless
