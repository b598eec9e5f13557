# Chains of stages give back all that they took.

load ../helper

@test "chains in several threads give the bytes of a pipe of tools and leave no memory behind" {
    need valgrind
    without_sanitizers
    exits 0 valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible \
        --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=9 \
        "$BUILD/tests/pipe/test_chain"
}
