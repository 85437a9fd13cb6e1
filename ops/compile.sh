#!/bin/sh
# Compile flat.c to libflat.so in risk/ingest/native, unless the one there was made from these very sources: it carries their
# checksum. Where there is no C compiler nothing happens: events are read without it, to the same values, at a lower rate
# (docs/adr/0026).
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/../risk/ingest/native"

[ -w . ] && command -v cc >/dev/null || exit 0
sum=$(cat flat.c flat_time.h | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c 1-64)
if [ -f libflat.so ] && grep -q "$sum" libflat.so; then
    exit
fi
options="-std=c99 -O2 -fPIC -shared -DSOURCE_SHA256=\"$sum\""
hardened="-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now,-z,noexecstack"
# Under a name of its own first: whoever starts meanwhile finds the old one or the new one, whole.
# Not every linker knows the hardening options.
# shellcheck disable=SC2086
if cc $options $hardened -o "libflat.so.$$" flat.c 2>/dev/null || cc $options -o "libflat.so.$$" flat.c; then
    mv -f "libflat.so.$$" libflat.so
else
    echo "ops/compile.sh: cc cannot compile risk/ingest/native/flat.c; events are read without it, at a lower rate" >&2
    rm -f "libflat.so.$$"
fi
