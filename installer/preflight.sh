# shellcheck shell=bash
# What install.sh looks at before it changes anything. Each check says OK, WARN or FAIL, and what
# to do about it. Uses the variables that install.sh has settled.
# shellcheck disable=SC2154

GIB=$((1024 * 1024)) # in KiB

found() { # LEVEL NAME MESSAGE [FIX]
    printf '%-4s  %-10s  %s\n' "$1" "$2" "$3"
    if [ -n "${4-}" ]; then printf '%18s→ %s\n' '' "$4"; fi
    if [ "$1" = FAIL ]; then failures=$((failures + 1)); fi
}

preflight() {
    failures=0
    look_at_machine
    if reach_engine; then
        look_at_compose
        look_at_disk
        look_at_ports
        look_at_earlier
    fi
    look_at_rights
    look_at_source
    if ((failures)); then
        printf '\nNothing was changed. Do what the arrows say, then run install.sh again.\n'
        exit 3
    fi
}

look_at_machine() {
    local memory processors
    case $(uname -m) in
    x86_64 | aarch64) found OK Processor "$(uname -m)" ;;
    *) found FAIL Processor "$(uname -m)" "Carbonseed runs on x86-64 and on 64-bit ARM." ;;
    esac
    processors=$(nproc)
    if ((processors >= 2)); then
        found OK Processors "$processors"
    else
        found WARN Processors "$processors" "Two or more keep the dashboards quick."
    fi
    memory=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
    if ((memory > 7 * GIB / 2)); then
        found OK Memory "$((memory / 1024)) MB"
    elif ((memory > 3 * GIB / 2)); then
        found WARN Memory "$((memory / 1024)) MB" "4 GB are recommended."
    else
        found FAIL Memory "$((memory / 1024)) MB" "Carbonseed and PostgreSQL need 2 GB."
    fi
    if (($(date +%Y) < 2026)); then
        found FAIL Clock "this machine believes it is $(date +%F)" "Set the clock: readings take their time from it."
    elif [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = no ]; then
        found WARN Clock "nothing keeps it right" "Set up chrony or systemd-timesyncd."
    else
        found OK Clock "$(date -u '+%F %T') UTC"
    fi
}

reach_engine() {
    local answer
    failures=${failures-0}
    if ! command -v docker >/dev/null; then
        found FAIL Docker "is not installed" \
            "Install Docker Engine with Compose; on Debian and Ubuntu: apt-get install docker.io docker-compose"
        return 1
    fi
    if ! answer=$(docker version -f '{{.Server.Version}}' 2>&1); then
        case $answer in
        *"permission denied"*)
            found FAIL Docker "this user may not use it" "Run install.sh as root: sudo $0"
            ;;
        *)
            found FAIL Docker "does not answer: $(tail -n 1 <<<"$answer")" \
                "Start it: systemctl enable --now docker"
            ;;
        esac
        return 1
    fi
    if ((${answer%%.*} < 20)); then
        found FAIL Docker "version $answer" "Docker Engine 20.10 or newer is needed."
        return 1
    fi
    found OK Docker "$answer"
}

look_at_compose() {
    local version
    if version=$(docker compose version --short 2>/dev/null); then
        found OK Compose "$version"
    elif version=$(docker-compose version --short 2>/dev/null); then
        case $version in
        1.2[7-9].* | 1.[3-9]*) found OK Compose "$version" ;;
        1.*) found FAIL Compose "$version" "1.27 or newer is needed; better the plugin: docker compose." ;;
        *) found OK Compose "$version" ;;
        esac
    else
        found FAIL Compose "is not installed" \
            "Install it; on Debian and Ubuntu: apt-get install docker-compose"
    fi
}

look_at_disk() {
    local root free
    root=$(docker info -f '{{.DockerRootDir}}')
    if ! free=$(df -Pk "$root" 2>/dev/null | awk 'NR == 2 { print $4 }') || [ -z "$free" ]; then
        found WARN Disk "$root cannot be seen from here" "See that 20 GB are free for it."
    elif ((free >= 20 * GIB)); then
        found OK Disk "$((free / GIB)) GB free below $root"
    elif ((free >= 5 * GIB)); then
        found WARN Disk "$((free / GIB)) GB free below $root" "A year of a plant takes about 20 GB."
    else
        found FAIL Disk "$((free / GIB)) GB free below $root" "Make room: 5 GB at least, better 20."
    fi
    case $(stat -f -c %T "$root" 2>/dev/null) in
    nfs | smb | smb2 | cifs | fuseblk)
        found FAIL Disk "$root lies on the network" "PostgreSQL may lose data there. Use a disk of this machine."
        ;;
    esac
}

look_at_ports() {
    local pair port option own
    # shellcheck disable=SC2016 # a template of docker's
    own=" $(docker ps -q --filter "label=com.docker.compose.project=$name" | xargs -r docker inspect -f \
        '{{range .HostConfig.PortBindings}}{{range .}}{{.HostPort}} {{end}}{{end}}' | tr '\n' ' ') "
    for pair in "people-port $people_port" "device-port $device_port" "http-port $http_port"; do
        option=${pair% *} port=${pair#* }
        if [[ $own == *" $port "* ]]; then
            found OK "Port $port" "this installation listens there"
        elif listened_to "$port"; then
            found FAIL "Port $port" "is taken by $(holder "$port")" \
                "Stop that program, or choose another port with --$option."
        else
            found OK "Port $port" "is free"
        fi
    done
}

listened_to() { # PORT: read from the kernel, so that nothing is connected to
    local port
    port=$(printf '%04X' "$1")
    awk -v port="$port" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 } END { exit !found }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

holder() { # PORT
    local seen=''
    if command -v ss >/dev/null; then
        seen=$(ss -Hltnp "sport = :$1" 2>/dev/null |
            sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (process \2)/p' | head -n 1)
    fi
    echo "${seen:-another program (ss -ltnp, as root, names it)}"
}

look_at_earlier() {
    local other
    other=$(docker ps -aq --filter "label=com.docker.compose.project=$name" | head -n 1)
    if [ -n "$(kept CARBONSEED_IMAGE)" ]; then
        found OK Installed "$(kept CARBONSEED_IMAGE) in $dir; its data and settings are kept"
    elif [ -n "$other" ]; then
        found FAIL Installed "containers named $name belong to another folder than $dir" \
            "Name that folder with --dir, or choose another --name."
    elif docker volume inspect "${name}_data" >/dev/null 2>&1; then
        found OK Installed "data of an earlier installation is there and is kept"
    else
        found OK Installed "nothing yet"
    fi
}

look_at_rights() {
    local place
    for place in "$dir" "$prefix/bin"; do
        if ! writable "$place"; then
            found FAIL Rights "this user may not write $place" \
                "Run install.sh as root: sudo $0"
            return
        fi
    done
    place=$prefix/bin/carbonseed
    if [ -e "$place" ] && ! grep -q '^HOME_DIR=' "$place"; then
        found FAIL Command "$place is another program" "Choose another place with --prefix."
    elif [ -e "$place" ] && ! grep -qF "HOME_DIR='$dir'" "$place"; then
        found FAIL Command "$place is the command of another installation" \
            "Choose another place with --prefix."
    fi
}

writable() { # FOLDER: it, or the nearest one above it that exists
    local place=$1
    while [ ! -e "$place" ]; do place=$(dirname "$place"); done
    [ -d "$place" ] && [ -w "$place" ]
}

look_at_source() {
    local images
    if [ -n "$offline" ]; then
        images=("$offline"/images/*.tar)
        if [ ${#images[@]} -eq 0 ]; then
            found FAIL Bundle "there are no images in $offline/images" "Name the folder that bundle.sh has made."
        elif [ ! -f "$offline/SHA256SUMS" ]; then
            found WARN Bundle "has no SHA256SUMS" "Nobody can tell whether it arrived whole."
        elif ! (cd "$offline" && sha256sum --quiet -c SHA256SUMS >/dev/null 2>&1); then
            found FAIL Bundle "a file is not what SHA256SUMS says" "Copy the bundle again."
        else
            found OK Bundle "whole: $offline"
        fi
    elif [ ! -f "$here/Dockerfile" ]; then
        found FAIL Source "this is a bundle: nothing can be built from it" "Run: $0 --offline $here"
    else
        found OK Source "$(cd "$here/.." && pwd), version $version"
    fi
}
