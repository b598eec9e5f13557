# tests/install-deps, among stand-ins for the programs it calls.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    unset NO_DEPS # of whoever runs the tests
    mkdir fake
    for program in sh grep tr cat env; do ln -s "$(command -v $program)" fake/; done
    : >calls
    # All libraries are there but those named in the file lacking; apt-get and sudo note how they
    # are called.
    : >lacking
    stand_in cc 'cat >/dev/null'
    stand_in pkg-config "! grep -qx \"\$2\" '$PWD/lacking'"
    stand_in apt-get "{ echo \"apt-get \$*\"; echo \"\$DEBIAN_FRONTEND\"; } >>'$PWD/calls'"
    stand_in sudo "echo sudo >>'$PWD/calls'; exec \"\$@\""
    stand_in id 'echo 1000'
}

stand_in() {
    printf '#!/bin/sh\n%s\n' "$2" >"fake/$1"
    chmod +x "fake/$1"
}

install_deps() {
    env -i PATH="$PWD/fake" NO_DEPS="${NO_DEPS-}" sh "$ROOT/tests/install-deps" "$@"
}

@test "what is there is not installed again, and nothing is said" {
    exits 0 install_deps build
    [ -z "$output$stderr" ]
    [ ! -s calls ]
}

@test "what is missing is named and installed, by sudo, without questions" {
    echo jansson >lacking
    exits 0 install_deps build demo
    [ "$output" = 'Installing by sudo apt-get (NO_DEPS=1 forbids it): libjansson-dev sqlite3' ]
    [ "$(grep -c '^sudo$' calls)" -eq 2 ]
    grep -q '^apt-get -qq update$' calls
    grep -q '^apt-get .* install libjansson-dev sqlite3$' calls
    [ "$(grep -c '^noninteractive$' calls)" -eq 2 ]
}

@test "without a compiler all of it is missing" {
    rm fake/cc fake/pkg-config
    exits 1 install_deps --check build
    says 'gcc libc6-dev pkg-config libcsv-dev libjansson-dev zlib1g-dev'
}

@test "root needs no sudo" {
    stand_in id 'echo 0'
    exits 0 install_deps demo
    grep -q 'install sqlite3$' calls
    run ! grep -q sudo calls
}

@test "without sudo it says what to run" {
    rm fake/sudo
    exits 1 install_deps demo
    says 'apt-get install sqlite3'
    [ ! -s calls ]
}

@test "without apt-get it says what is missing" {
    rm fake/apt-get
    exits 1 install_deps demo
    says 'sqlite3'
}

@test "--check installs nothing, and names make deps" {
    exits 1 install_deps --check demo
    says ': sqlite3'
    says 'make deps'
    [ ! -s calls ]
}

@test "with NO_DEPS=1 nothing is installed: what is missing is an error that names make deps" {
    echo jansson >lacking
    NO_DEPS=1 exits 1 install_deps build demo
    says ': libjansson-dev sqlite3'
    says 'make deps'
    [ ! -s calls ]
    NO_DEPS=0 exits 0 install_deps demo
    grep -q 'install sqlite3$' calls
}

@test "with NO_DEPS=1 and nothing missing all is well" {
    NO_DEPS=1 exits 0 install_deps build
    [ -z "$output$stderr" ]
}

# make TARGET..., which finds the stand-ins for all that the packages bring.
make_target() {
    ln -sf "$(command -v make)" fake/make
    ln -sf "$(command -v mkdir)" fake/mkdir
    env -i PATH="$PWD/fake" make -C "$ROOT" BUILD="$PWD/build" "$@"
}

@test "make check and make demo obey NO_DEPS=1, and make deps installs all that they need" {
    echo jansson >lacking
    for target in check demo; do
        exits 2 make_target NO_DEPS=1 "$target"
        says ': libjansson-dev'
        says 'sqlite3'
        says 'make deps'
    done
    [ ! -s calls ]
    exits 0 make_target NO_DEPS=1 deps
    grep -q '^apt-get .* install libjansson-dev .*bats .*sqlite3' calls
}

@test "a set that is not known is refused" {
    exits 2 install_deps nonsense
    says 'nonsense'
}
