#!/usr/bin/env bash
# Makes a folder from which install.sh --offline installs on a machine without the internet.
# Usage: bundle.sh DIR, on a connected machine with Docker.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=${1:?Usage: bundle.sh DIR}
database=${CARBONSEED_DATABASE_IMAGE:-postgres:18}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../pyproject.toml")

mkdir -p "$to/images"
docker build -q -f "$here/Dockerfile" -t "carbonseed:$version" --build-arg "VERSION=$version" "$here/.." >/dev/null
docker image inspect "$database" >/dev/null 2>&1 || docker pull -q "$database" >/dev/null
docker save -o "$to/images/carbonseed.tar" "carbonseed:$version"
docker save -o "$to/images/postgres.tar" "$database"
cp "$here"/{install.sh,preflight.sh,carbonseed} "$here/../compose.yaml" "$to/"
echo "$version" >"$to/VERSION"
(cd "$to" && sha256sum VERSION compose.yaml carbonseed install.sh preflight.sh images/*.tar >SHA256SUMS)
echo "Take $to to the other machine and run there: ./install.sh --offline ."
