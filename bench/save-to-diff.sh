#!/bin/sh
# Measures how long `runner plugin dev` takes from a save to the changes on the
# screen, as it says itself: the median of several saves for each language.
#
#     bench/save-to-diff.sh [LANGUAGE...]
#
# RUNNER names the binary; the compilers are looked for on the PATH.
set -eu
runner=${RUNNER:-runner}
saves=${SAVES:-7}
[ $# -gt 0 ] || set -- c cpp zig assemblyscript go wat
folder=$(mktemp -d)
dev=
trap '[ -z "$dev" ] || kill "$dev" 2>/dev/null || true; rm -rf "$folder"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
cd "$folder"
# One megabyte of lines, all of which the template's plugin changes.
yes 'ts=2026-11-26T10:00:00Z level=info something happened on this line' | head -c 1000000 >sample.log

# Waits until the log has so many lines with a time.
await() {
    while [ "$(grep -c ' s after it was saved)\| s)$' dev.log)" -lt "$1" ]; do
        kill -0 "$dev" || { cat dev.log; exit 1; }
        sleep 0.05
    done
}

for language in "$@"; do
    case $language in
    wat)
        cp "$here/../tests/guests/tiny.wat" plugin.wat
        plugin=plugin.wat source=plugin.wat comment=';;' options=
        ;;
    *)
        "$runner" plugin new "p-$language" --lang "$language" >/dev/null
        plugin=p-$language options='--set seconds=3600'
        source=$(find "$plugin" -maxdepth 1 -name 'plugin.*')
        case $language in python) comment='#' ;; *) comment='//' ;; esac
        ;;
    esac
    # shellcheck disable=SC2086
    "$runner" plugin dev "$plugin" sample.log $options >dev.log 2>&1 &
    dev=$!
    await 1
    count=1
    while [ "$count" -le "$saves" ]; do
        echo "$comment $count" >>"$source"
        count=$((count + 1))
        await "$count"
    done
    kill "$dev"
    wait "$dev" || true
    dev=
    sed -n 's/.*(\([0-9.]*\) s after it was saved).*/\1/p' dev.log | sort -n |
        awk -v language="$language" '{ a[NR] = $1 } END { printf "%-16s median %.2f s of %d saves, from %.2f to %.2f s\n", language, a[int((NR + 1) / 2)], NR, a[1], a[NR] }'
done
