# Random numbers that are the same under every awk, whose rand() and srand() are not: the minimal
# standard generator (Park and Miller 1988), whose products are exact in double precision; and exp,
# log and sin, which an awk can be built without. Put before a program:
# awk "$RANDOM_AWK"'BEGIN { random_seed(3); print random() }'
function random_seed(n) { random_state = (n * 69621 + 1043618065) % 2147483646 + 1; random(); random() }
function random() { return (random_state = random_state * 16807 % 2147483647) / 2147483647 }
# Of mean 0 and variance 1, as the sum of twelve.
function random_normal(  i, sum) { for (i = 0; i < 12; i++) sum += random(); return sum - 6 }
# By the series of exp(x / 1024), squared ten times.
function exponential(x,  i, term, sum) {
    x /= 1024
    for (i = term = sum = 1; i <= 12; i++) sum += term *= x / i
    for (i = 0; i < 10; i++) sum *= sum
    return sum
}
# By the series of 2 atanh((x - 1) / (x + 1)), x brought between 1/2 and 1.
function logarithm(x,  halves, square, term, sum, i) {
    while (x > 1) { x /= 2; halves++ }
    while (x < .5) { x *= 2; halves-- }
    x = (x - 1) / (x + 1); square = x * x; term = x
    for (i = 1; i < 40; i += 2) { sum += term / i; term *= square }
    return 2 * sum + halves * 0.6931471805599453
}
# By its series; x is small.
function sine(x,  i, term, sum) {
    term = sum = x
    for (i = 3; i < 40; i += 2) sum += term *= -x * x / (i * (i - 1))
    return sum
}
