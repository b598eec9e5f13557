# make install and make uninstall, under a DESTDIR.

load ../helper

installed() {
    (cd "$1" && find . -type f | sort)
}

make_here() {
    # However it was compiled, it is not compiled again.
    make -C "$ROOT" BUILD="$BUILD" KEEP_FLAGS=1 --no-print-directory "$@" >make.log 2>&1 || {
        cat make.log
        return 1
    }
}

@test "install puts tools, man pages, completions and examples below PREFIX, uninstall removes them" {
    make_here install DESTDIR="$PWD/root" PREFIX=/opt/wh
    for path in "$BIN"/wh-*; do
        tool=${path##*/}
        [ -x "root/opt/wh/bin/$tool" ]
        [ -f "root/opt/wh/share/man/man1/$tool.1" ]
        [ -s "root/opt/wh/share/bash-completion/completions/$tool" ]
        [ -s "root/opt/wh/share/zsh/site-functions/_$tool" ]
        [ -s "root/opt/wh/share/fish/vendor_completions.d/$tool.fish" ]
        run ! grep -q '\.debug_info' "root/opt/wh/bin/$tool"
    done
    [ -f root/opt/wh/share/man/man7/wh-stream.7 ]
    [ -x root/opt/wh/share/doc/wh/examples/demo.sh ]

    # Nothing but what belongs to wh, and all of it goes again.
    [ "$(installed root | grep -cv '^\./opt/wh/')" -eq 0 ]
    touch root/opt/wh/bin/other
    make_here uninstall DESTDIR="$PWD/root" PREFIX=/opt/wh
    [ "$(installed root)" = ./opt/wh/bin/other ]
}

@test "what is installed runs" {
    make_here install DESTDIR="$PWD/root" PREFIX=/usr
    echo '{"a":1}' >row
    root/usr/bin/wh-clean row >out
    same row out
}
