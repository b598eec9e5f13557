# Stages give back all that they took, whenever they are closed.

load ../helper

@test "a stage that is closed through its ops leaves no memory behind" {
    need valgrind
    without_sanitizers
    exits 0 valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible \
        --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=9 \
        "$BUILD/tests/pipe/test_close"
}
