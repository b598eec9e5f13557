# shellcheck shell=sh
# For the scripts of this folder: Debian's packages in a folder of one's own, by an apt with a state
# of its own, so that nothing changes on the machine.

# own_apt FOLDER LINE...: sets up an apt below FOLDER, with these lines of configuration too.
own_apt() {
    apt=$1
    shift
    case ${NO_DEPS:-0} in
    0) ;;
    *)
        echo "${0##*/}: NO_DEPS forbids downloading packages" >&2
        exit 1
        ;;
    esac
    rm -rf "$apt"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/sources.list.d"
    : >"$apt/status"
    {
        printf '%s "%s";\n' Dir::State "$apt" Dir::State::status "$apt/status" Dir::Cache "$apt"
        printf '%s "%s";\n' Acquire::Languages none APT::Sandbox::User root APT::Get::Assume-Yes true
        printf '%s\n' "$@"
    } >"$apt/apt.conf"
    APT_CONFIG=$apt/apt.conf
    export APT_CONFIG
}
