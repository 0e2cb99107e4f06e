#!/usr/bin/env bash
# Installs, updates and removes Carbonseed in containers. Safe to run again: it keeps data, secrets
# and settings, and goes on where an earlier run stopped. docs/operations.md tells the rest.
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=installer/preflight.sh
source "$here/preflight.sh"

usage() {
    cat <<'TEXT'
Usage: install.sh [OPTIONS]              install, or update what is installed
       install.sh --uninstall            remove the programs, keep the data
       install.sh --uninstall --purge --confirm NAME      remove the data too

  --dry-run            check this machine, say what would be done, do nothing
  --offline DIR        take the images from DIR (made with bundle.sh) instead of the internet
  --host NAME[,NAME]   names and addresses by which people reach this machine; the first stands in
                       links  [this machine's name; all its addresses are known anyway]
  --people-port PORT   HTTPS for people  [8443]
  --device-port PORT   HTTPS for devices  [8444]
  --http-port PORT     plain HTTP that sends browsers on  [8080]
  --listen ADDRESS     listen on this address alone  [0.0.0.0]
  --dir DIR            where settings and secrets lie  [/opt/carbonseed]
  --prefix DIR         the command `carbonseed` goes to DIR/bin  [/usr/local]
  --name NAME          what containers and volumes are called, for a second installation  [carbonseed]

Options are kept: a later run needs none. Exit codes: 0 done, 1 failed, 2 the command line makes no
sense, 3 this machine does not fit yet.
TEXT
}

misused() {
    printf 'install.sh: %s\nSee install.sh --help.\n' "$1" >&2
    exit 2
}

step() { printf '%s %s\n' "→" "$1"; }

# Replaces a file in one step, and only if its content changes; the content comes on stdin.
put() { # MODE FILE
    local draft
    draft=$(mktemp "$2.XXXXXX")
    cat >"$draft"
    chmod "$1" "$draft"
    if cmp -s "$draft" "$2" && [ "$(stat -c %a "$2")" = "${1#0}" ]; then
        rm "$draft"
    else
        mv "$draft" "$2"
    fi
}

kept() { # KEY: its value in .env of an earlier run
    if [ -r "$dir/.env" ]; then sed -n "s/^$1=//p" "$dir/.env" | tail -n 1; fi
}

read_options() {
    declare -gA given=()
    dry_run='' offline='' uninstall='' purge='' confirm='' dir=/opt/carbonseed
    while [ $# -gt 0 ]; do
        case $1 in
        --dry-run) dry_run=yes ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        -h | --help) usage && exit 0 ;;
        --offline | --host | --people-port | --device-port | --http-port | --listen | --dir | \
            --prefix | --name | --confirm)
            [ $# -ge 2 ] || misused "$1 needs a value."
            given[${1#--}]=$2
            shift
            ;;
        *) misused "There is no option $1." ;;
        esac
        shift
    done
    offline=${given[offline]-} confirm=${given[confirm]-} dir=${given[dir]-$dir}
    [[ $dir == /* ]] || dir=$PWD/$dir
    [ -z "$offline" ] || [[ $offline == /* ]] || offline=$PWD/$offline
    if [ -n "$purge" ] && [ -z "$uninstall" ]; then misused "--purge goes with --uninstall."; fi
}

# What is given now, else what was kept, else what is usual.
settle() {
    local machine
    machine=$(uname -n)
    earlier=$(kept COMPOSE_PROJECT_NAME)
    name=${given[name]-${earlier:-carbonseed}}
    prefix=$(kept CARBONSEED_PREFIX)
    prefix=${given[prefix]-${prefix:-/usr/local}}
    [[ $prefix == /* ]] || prefix=$PWD/$prefix
    host=$(kept CARBONSEED_HOST_NAMES)
    host=${given[host]-${host:-$machine}}
    listen=$(kept CARBONSEED_LISTEN)
    listen=${given[listen]-${listen:-0.0.0.0}}
    people_port=$(kept CARBONSEED_PEOPLE_PORT)
    people_port=${given[people-port]-${people_port:-8443}}
    device_port=$(kept CARBONSEED_DEVICE_PORT)
    device_port=${given[device-port]-${device_port:-8444}}
    http_port=$(kept CARBONSEED_HTTP_PORT)
    http_port=${given[http-port]-${http_port:-8080}}
    database_image=$(kept CARBONSEED_DATABASE_IMAGE)
    database_image=${database_image:-postgres:18}
    if [ -f "$here/VERSION" ]; then
        version=$(<"$here/VERSION")
    else
        version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../pyproject.toml")
    fi
    image=carbonseed:$version
    compose_file=$here/compose.yaml
    [ -f "$compose_file" ] || compose_file=$here/../compose.yaml

    [[ $name =~ ^[a-z0-9][a-z0-9_-]*$ ]] || misused "--name takes small letters, digits, - and _."
    [[ $host =~ ^[A-Za-z0-9_.,-]+$ ]] || misused "--host takes names and addresses with commas between."
    [[ $listen =~ ^[0-9.]+$ ]] || misused "--listen takes an IPv4 address."
    if [ -n "$earlier" ] && [ "$earlier" != "$name" ]; then
        misused "$dir holds the installation $earlier; another one needs another --dir."
    fi
    local port
    for port in "$people_port" "$device_port" "$http_port"; do
        if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then
            misused "$port is no port: a port is a number from 1 to 65535."
        fi
    done
    if [ "$people_port" = "$device_port" ] || [ "$people_port" = "$http_port" ] ||
        [ "$device_port" = "$http_port" ]; then
        misused "Two of the ports are the same."
    fi
}

show_plan() {
    cat <<TEXT

Carbonseed $version in $dir
  images     $image ($(if [ -n "$offline" ]; then echo "from $offline"; else echo "built here"; fi)), $database_image
  people     https://${host%%,*}:$people_port
  devices    https://${host%%,*}:$device_port
  data       volumes ${name}_data and ${name}_database
  secrets    $dir/secrets
  command    $prefix/bin/carbonseed

TEXT
}

# Every address of this machine's own interfaces, without those that container engines make.
addresses() {
    if command -v ip >/dev/null; then
        ip -o addr show scope global |
            awk '$2 !~ /^(docker|br-|veth|virbr|cni|podman)/ { sub("/.*", "", $4); print $4 }'
    fi
}

lay_files() {
    local processors names cpus extra=''
    processors=$(nproc)
    mkdir -p "$dir/tls" "$dir/secrets" "$prefix/bin"
    chmod 0755 "$dir" "$dir/tls"
    chmod 0700 "$dir/secrets"
    names=$({
        tr ',' '\n' <<<"$host"
        uname -n
        echo "$(uname -n | cut -d. -f1).local"
        addresses
    } | awk 'NF && !seen[$0]++' | paste -sd, -)
    if [ -f "$dir/.env" ]; then # whatever else somebody has set there stays
        extra=$(grep -Ev '^(#|$|(COMPOSE_PROJECT_NAME|CARBONSEED_(PREFIX|HOST_NAMES|HOSTNAME|NAMES|LISTEN|IMAGE|DATABASE_IMAGE|CPUS|PEOPLE_PORT|DEVICE_PORT|HTTP_PORT))=)' "$dir/.env" || true)
    fi
    if [ ! -e "$dir/settings.env" ]; then
        put 0644 "$dir/settings.env" <<<"# More settings of the appliance, such as CARBONSEED_PUBLIC_STATE_LINE=true; then: carbonseed start"
    fi
    put 0644 "$dir/compose.yaml" <"$compose_file"
    sed "s|^HOME_DIR=.*|HOME_DIR='$dir'|" "$here/carbonseed" | put 0755 "$prefix/bin/carbonseed"
    cpus=$(kept CARBONSEED_CPUS)
    put 0644 "$dir/.env" <<TEXT
# Written by install.sh, which keeps lines it does not know. No secret is in here.
COMPOSE_PROJECT_NAME=$name
CARBONSEED_IMAGE=$image
CARBONSEED_DATABASE_IMAGE=$database_image
CARBONSEED_HOSTNAME=${host%%,*}
CARBONSEED_HOST_NAMES=$host
CARBONSEED_NAMES=$names
CARBONSEED_LISTEN=$listen
CARBONSEED_PEOPLE_PORT=$people_port
CARBONSEED_DEVICE_PORT=$device_port
CARBONSEED_HTTP_PORT=$http_port
CARBONSEED_CPUS=${cpus:-$((processors > 4 ? 4 : processors))}
CARBONSEED_PREFIX=$prefix${extra:+
$extra}
TEXT
}

provide_images() {
    local file
    if [ -n "$offline" ]; then
        for file in "$offline"/images/*.tar; do docker load -q -i "$file" >/dev/null; done
        docker image inspect "$image" "$database_image" >/dev/null 2>&1 ||
            failed "$offline/images does not hold both $image and $database_image." \
                "Take the bundle of this version whole."
        return
    fi
    docker build -q -f "$here/Dockerfile" -t "$image" --build-arg "VERSION=$version" "$here/.." \
        >/dev/null || failed "The image could not be built; the lines above say why." \
        "Most often the registry of packages was not reached. Run install.sh again."
    docker image inspect "$database_image" >/dev/null 2>&1 || docker pull -q "$database_image" >/dev/null ||
        failed "The image $database_image could not be fetched." "Run install.sh again, or use --offline."
}

failed() { # MESSAGE FIX
    printf '\n%s\n  → %s\n' "$1" "$2" >&2
    exit 1
}

carbonseed() { CARBONSEED_HOME=$dir bash "$prefix/bin/carbonseed" "$@"; }

# A container with the secrets' folder and nothing else: it may give each file to the user of the
# one container that reads it, which only root may, and root here may not be root of this machine.
with_secrets() { # SCRIPT
    docker run --rm -i --user 0:0 --network none --read-only --cap-drop ALL --cap-add CHOWN \
        --cap-add DAC_OVERRIDE -v "$dir/secrets:/secrets" "$image" sh -euc "$1"
}

# The script is not for this shell to expand.
# shellcheck disable=SC2016
make_secrets() {
    with_secrets '
        umask 077
        cd /secrets
        make() {
            [ -s "$1" ] && return
            python -c "import secrets; print(secrets.token_hex(32))" > "$1.new"
            chown "$2" "$1.new"
            mv "$1.new" "$1"
        }
        make database_password 10001:10001
        make superuser_password 999:999'
}

# The appliance's own role owns its database and is no superuser. Safe to repeat; a password that
# was made anew is set here.
prepare_database() {
    local database password
    database=$(carbonseed compose ps -q database)
    password=$(with_secrets 'cat /secrets/database_password')
    {
        printf "\\\\set password '%s'\n" "$password"
        cat <<'SQL'
set log_min_duration_statement = -1;
set log_min_error_statement = panic;
select 'create role carbonseed login'
  where not exists (select from pg_roles where rolname = 'carbonseed') \gexec
alter role carbonseed with login nosuperuser nocreatedb nocreaterole password :'password';
select 'create database carbonseed owner carbonseed'
  where not exists (select from pg_database where datname = 'carbonseed') \gexec
SQL
    } | docker exec -i "$database" psql -XqAt -v ON_ERROR_STOP=1 -U postgres -d postgres
}

# Before other programs open the data: a way back.
back_up_before_update() {
    local running
    running=$(docker ps -q --filter "label=com.docker.compose.project=$name" \
        --filter "label=com.docker.compose.service=appliance" | head -n 1)
    if [ -z "$running" ]; then return; fi
    if [ "$(docker inspect -f '{{.Image}}' "$running")" = "$(docker image inspect -f '{{.Id}}' "$image")" ]; then
        return
    fi
    step "Backing up before the update"
    carbonseed backup || failed "The backup before the update failed; nothing was updated." \
        "See the lines above, then run install.sh again."
}

install() {
    preflight
    show_plan
    if [ -n "$dry_run" ]; then
        echo "This was a dry run: nothing was changed."
        return
    fi
    step "Images (the first time takes a few minutes)"
    provide_images
    back_up_before_update
    step "Files in $dir"
    lay_files
    step "Secrets"
    make_secrets
    step "Database"
    carbonseed compose up -d database >/dev/null 2>"$dir/.said" || said
    carbonseed await database || failed "The database did not come up." "See above; then run install.sh again."
    prepare_database || failed "The database could not be prepared." "See above; then run install.sh again."
    step "Appliance"
    carbonseed compose up -d >/dev/null 2>"$dir/.said" || said
    carbonseed await appliance || failed "The appliance did not come up." \
        "See above and: carbonseed logs appliance. Then run install.sh again."
    rm -f "$dir/.said"
    carbonseed plant-ca | put 0644 "$dir/plant-ca.pem"
    echo
    carbonseed setup
    cat <<TEXT
A copy of the CA for browsers: $dir/plant-ca.pem

Next: open the link; then \`carbonseed device add NAME\`, and \`carbonseed backup\` in a nightly job.
TEXT
}

said() {
    cat "$dir/.said" >&2
    failed "The containers could not be started." "See above; then run install.sh again."
}

remove() {
    [ -f "$dir/.env" ] || misused "Nothing is installed in $dir."
    if [ -n "$purge" ] && [ "$confirm" != "$name" ]; then
        misused "--purge deletes all data of $name for good. To say that it is meant: --confirm $name"
    fi
    if [ -n "$dry_run" ]; then
        echo "Would remove the containers of $name and $prefix/bin/carbonseed${purge:+, and all its data}."
        return
    fi
    reach_engine || exit 3
    if [ -n "$purge" ]; then
        carbonseed compose down -v --remove-orphans
        rm -rf "$dir/secrets" "$dir/tls"
        rm -f "$dir"/{.env,settings.env,compose.yaml,plant-ca.pem,.said,.lock} "$prefix/bin/carbonseed"
        docker image rm "$image" >/dev/null 2>&1 || true
        rmdir "$dir" 2>/dev/null || echo "Backups stay in $dir/backups."
        echo "Carbonseed and its data are gone."
        return
    fi
    carbonseed compose down --remove-orphans
    rm -f "$prefix/bin/carbonseed"
    cat <<TEXT
Carbonseed is removed; its data is kept:
  volumes ${name}_data and ${name}_database
  settings and secrets in $dir
Run install.sh again to go on with it. To delete it for good:
  install.sh --uninstall --purge --confirm $name$([ "$dir" = /opt/carbonseed ] || echo " --dir $dir")
TEXT
}

main() {
    read_options "$@"
    unset "${!CARBONSEED_@}"
    settle
    if [ -n "$uninstall" ]; then remove; else install; fi
}

main "$@"
