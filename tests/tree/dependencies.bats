# tests/install-deps, among stand-ins for the programs it calls.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir fake
    for program in sh grep tr cat env; do ln -s "$(command -v $program)" fake/; done
    : >calls
    # dpkg-query knows the packages in the file installed; apt-get and sudo note how they are called.
    stand_in dpkg-query 'grep -qx "$4" installed && echo installed'
    stand_in apt-get 'echo "apt-get $*" >>calls; echo "${DEBIAN_FRONTEND-}" >>calls'
    stand_in sudo 'echo sudo >>calls; exec "$@"'
    stand_in id 'echo 1000'
    : >installed
}

stand_in() {
    printf '#!/bin/sh\n%s\n' "$2" >"fake/$1"
    chmod +x "fake/$1"
}

install_deps() {
    env -i PATH="$PWD/fake" sh "$ROOT/tests/install-deps" "$@"
}

build_packages='gcc libc6-dev pkg-config libpq-dev libcsv-dev libjansson-dev zlib1g-dev'
build_packages+=' libsqlite3-dev libpcre2-dev'

@test "what is there is not installed again, and nothing is said" {
    tr ' ' '\n' <<<"$build_packages" >installed
    exits 0 install_deps build
    [ -z "$output$stderr" ]
    [ ! -s calls ]
}

@test "what is missing is named and installed, by sudo, without questions" {
    tr ' ' '\n' <<<"$build_packages" | grep -v jansson >installed
    exits 0 install_deps build demo
    [ "$output" = 'Installing: libjansson-dev sqlite3' ]
    [ "$(grep -c '^sudo$' calls)" -eq 2 ]
    grep -q '^apt-get -qq update$' calls
    grep -q '^apt-get .* install libjansson-dev sqlite3$' calls
    [ "$(grep -c '^noninteractive$' calls)" -eq 2 ]
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

@test "--check installs nothing" {
    exits 1 install_deps --check demo
    says 'apt-get install sqlite3'
    [ ! -s calls ]
}

@test "a set that is not known is refused" {
    exits 2 install_deps nonsense
    says 'nonsense'
}
