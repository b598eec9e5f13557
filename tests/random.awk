# Random numbers that are the same under every awk, whose random() and random_seed() are not: the minimal
# standard generator (Park and Miller 1988), whose products are exact in double precision. Put
# before a program: awk "$RANDOM_AWK"'BEGIN { random_seed(3); print random() }'
function random_seed(n) { random_state = (n * 69621 + 1043618065) % 2147483646 + 1; random(); random() }
function random() { return (random_state = random_state * 16807 % 2147483647) / 2147483647 }
