#!/bin/sh
# Compile flat.c to libflat.so in risk/ingest/native, unless that is there and newer. Where there is no C compiler
# nothing happens: events are read without it, to the same values, at a lower rate (docs/adr/0026).
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/../risk/ingest/native"

if { [ libflat.so -nt flat.c ] && [ libflat.so -nt flat_time.h ]; } || [ ! -w . ] || ! command -v cc >/dev/null; then
    exit
fi
# Under a name of its own first: whoever starts meanwhile finds the old one or the new one, whole.
if cc -std=c99 -O2 -fPIC -shared -o "libflat.so.$$" flat.c; then
    mv -f "libflat.so.$$" libflat.so
else
    echo "ops/compile.sh: cc cannot compile risk/ingest/native/flat.c; events are read without it, at a lower rate" >&2
    rm -f "libflat.so.$$"
fi
