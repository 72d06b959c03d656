#!/usr/bin/env bash
# Builds programs that nobody has written for runner as WASI commands, from the
# sources of Debian, unmodified: the awk of its authors, mawk, GNU sed and gojq;
# and gojq for this machine, to compare with. Usage: build.sh OUT
#
# Needs: the sources of packages (apt-get source), dpkg-dev, make, gcc, bison,
# clang-19 with wasi-libc and libclang-rt-19-dev-wasm32, and a `go` that knows
# wasip1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$out"

# The places of sources are those of packages.
mkdir -p apt/lists apt/cache
for file in /etc/apt/sources.list.d/*.sources; do
    sed 's/^Types:.*/Types: deb-src/' "$file"
    echo
done > sources.sources
apt=(-o "Dir::Etc::sourcelist=$out/sources.sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$out/apt/lists" -o "Dir::Cache=$out/apt/cache")
apt-get "${apt[@]}" -qq update
apt-get "${apt[@]}" -qq source original-awk mawk sed

# What WASI lacks is in `wasi`. Programs need it only to give up, or for files.
export CC="clang-19 --target=wasm32-wasi --sysroot=/usr -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -I$here/wasi -Wno-implicit-function-declaration"
export CFLAGS=-O2
$CC -O2 -c "$here/wasi/missing.c" -o missing.o
export LIBS="$out/missing.o -lwasi-emulated-signal -lwasi-emulated-process-clocks"

(
    cd original-awk-*/
    bison -d awkgram.y
    gcc maketab.c -o maketab
    ./maketab awkgram.tab.h > proctab.c
    $CC -O2 -Wno-everything awkgram.tab.c b.c main.c parse.c proctab.c tran.c lib.c run.c lex.c \
        $LIBS -lm -Wl,--strip-all -o ../awk.wasm
)

mkdir -p mawk && (cd mawk && ../mawk-1*/configure -q --host=wasm32-unknown-wasi --with-builtin-regex \
    && make -s mawk && cp mawk ../mawk.wasm)

mkdir -p sed && (
    cd sed
    # Replacements that gnulib would make, and that WASI cannot compile.
    export ac_cv_func_fcntl=yes gl_cv_func_fcntl_f_dupfd_works=yes gl_cv_func_fcntl_f_dupfd_cloexec=yes
    export ac_cv_func_getdtablesize=yes gl_cv_func_getdtablesize_works=yes
    export ac_cv_func_dup2=yes gl_cv_func_dup2_works=yes
    ../sed-4*/configure -q --host=wasm32-unknown-wasi --disable-nls --disable-acl --without-selinux \
        --disable-threads
    # Not all that is made beside it links.
    make -s -k sed/sed && cp sed/sed ../sed.wasm
)

apt-get download -qq golang-github-itchyny-gojq-dev golang-github-itchyny-timefmt-go-dev \
    golang-golang-x-sys-dev golang-github-mattn-go-isatty-dev golang-github-rivo-uniseg-dev \
    golang-github-mattn-go-runewidth-dev golang-gopkg-yaml.v3-dev golang-github-google-go-cmp-dev
for package in golang-*.deb; do dpkg -x "$package" go; done
export GOPATH=$out/go/usr/share/gocode GO111MODULE=off GOFLAGS=-trimpath GOCACHE=$out/gocache
(cd "$GOPATH" && GOOS=wasip1 GOARCH=wasm go build -ldflags '-s -w' -o "$out/gojq.wasm" github.com/itchyny/gojq/cmd/gojq)
(cd "$GOPATH" && go build -o "$out/gojq" github.com/itchyny/gojq/cmd/gojq)
