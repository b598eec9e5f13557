# shellcheck shell=bash disable=SC2016,SC2154
# The learner auto in regression, on generated rows, against what else there is.
load ../helper

# friedman COUNT [SCALE]: Friedman's first function of five numbers, beside five that say nothing,
# with noise of variance 1.
friedman() {
    awk -v count="$1" -v scale="${2:-1}" "$RANDOM_AWK"'BEGIN {
        random_seed(7)
        print "a,b,c,d,e,f,g,h,i,j,y"
        for (row = 1; row <= count; row++) {
            for (k = 0; k < 10; k++) { x[k] = random(); printf "%.6f,", x[k] }
            noise = 0
            for (k = 0; k < 12; k++) noise += random() - 0.5
            y = 10 * sine(3.141592653589793 * x[0] * x[1]) + 20 * (x[2] - 0.5) * (x[2] - 0.5)
            y += 10 * x[3] + 5 * x[4] + noise
            printf "%.17g\n", y * scale
        }
    }'
}

# scattered COUNT: numbers that scatter the more the larger e is, from not at all to 5.
scattered() {
    awk -v count="$1" "$RANDOM_AWK"'BEGIN {
        random_seed(11)
        print "a,b,c,d,e,y"
        for (row = 1; row <= count; row++) {
            a = 1000 * random(); b = random() / 1000; c = random(); d = random(); e = random()
            noise = 0
            for (k = 0; k < 12; k++) noise += random() - 0.5
            y = a / 300 - 2000 * b + 4 * c * d + 5 * e * e * noise
            printf "%.4f,%.9f,%.6f,%.6f,%.6f,%.6f\n", a, b, c, d, e, y
        }
    }'
}

# orders COUNT: what an order comes to, a price times pieces less a discount that may be missing.
orders() {
    awk -v count="$1" "$RANDOM_AWK"'BEGIN {
        random_seed(3)
        print "channel,quantity,price,discount,amount"
        for (row = 1; row <= count; row++) {
            quantity = 1 + int(4 * random()) * int(4 * random())
            price = 4.99 + int(200 * random()) * int(200 * random()) / 100
            percent = random() < 0.4 ? 5 * int(8 * random()) : -1
            channel = random() < 0.5 ? "web" : "shop"
            amount = quantity * price * (1 - (percent > 0 ? percent : 0) / 100)
            printf "%s,%d,%.2f,%s,%.2f\n", channel, quantity, price,
                percent < 0 ? "" : percent / 100, amount
        }
    }'
}

# learn LEARNER LABEL FILE [OPTION ...]: the progressive loss.
learn() {
    wh-update -m m.whm --new --learner "$1" --label "$2" -q --stats stats.json "${@:4}" "$3"
    jq .progressive_loss stats.json
}

# below NUMBER LIMIT
below() {
    jq -ne --argjson number "$1" --argjson limit "$2" '$number < $limit' >/dev/null ||
        { echo "$1 is not below $2" >&2; false; }
}

@test "curves and products are found that no line has, without any option" {
    friedman 10000 >rows.csv
    line=$(learn nag y rows.csv)
    below "$line" "$(jq .baseline_constant stats.json)"
    # Of the 24.8 that a constant leaves 1 is noise.
    below "$(learn auto y rows.csv)" 2.5
    below 6 "$line"
}

@test "what scatters more in some rows is learned better than by a line or a constant" {
    scattered 10000 >rows.csv
    auto=$(learn auto y rows.csv)
    below "$auto" "$(jq .baseline_constant stats.json)"
    below "$auto" "$(learn nag y rows.csv)"
}

@test "the amount of an order is learned to a few per cent of what a constant leaves" {
    orders 10000 >rows.csv
    auto=$(learn auto amount rows.csv)
    below "$auto" "$(jq '.baseline_constant * 0.05' stats.json)"
    below "$auto" "$(learn nag amount rows.csv | jq '. * 0.3')"
}

@test "the label's unit does not matter from 1e-6 to 1e6" {
    for scale in 1e-6 1 1e6; do
        friedman 2000 "$scale" >rows.csv
        learn auto y rows.csv |
            jq --argjson scale "$scale" '. / $scale / $scale * 1e5 | round' >>losses
    done
    [ "$(sort -u losses | wc -l)" -eq 1 ]
}

@test "each loss is smaller than nag's, a low quantile's within 3 %, and a quantile is one" {
    scattered 6000 >rows.csv
    for loss in absolute huber quantile:0.9; do
        auto=$(learn auto y rows.csv --loss "$loss")
        below "$auto" "$(learn nag y rows.csv --loss "$loss")"
    done
    auto=$(learn auto y rows.csv --loss quantile:0.1)
    below "$auto" "$(learn nag y rows.csv --loss quantile:0.1 | jq '. * 1.03')"
    # Nine labels of ten are below the score.
    wh-update -m m.whm --new --learner auto --label y -q --loss quantile:0.9 -p rows.csv |
        awk -F, 'NR > 1000 { rows++; below += $6 < $7 }
            END { exit !(below / rows > 0.87 && below / rows < 0.93) }'
}

@test "counts are learned under Poisson loss, and never predicted below zero" {
    awk "$RANDOM_AWK"'BEGIN {
        random_seed(2)
        print "a,b,y"
        for (row = 1; row <= 4000; row++) {
            a = random(); b = random(); limit = exponential(-exponential(2 * a * b)); count = 0
            for (left = random(); left > limit; left *= random()) count++
            printf "%.6f,%.6f,%d\n", a, b, count
        }
    }' >rows.csv
    auto=$(learn auto y rows.csv --loss poisson --task regression)
    below "$auto" "$(jq .baseline_constant stats.json)"
    wh-score -m m.whm rows.csv | awk -F, 'NR > 1 && $4 < 0 { exit 1 }'
}

@test "a run in three parts learns what one run learns" {
    friedman 3000 >rows.csv
    wh-update -m one.whm --learner auto --label y -q rows.csv
    { head -1 rows.csv; sed -n 2,30p rows.csv; } | wh-update -m m.whm --learner auto --label y -q
    { head -1 rows.csv; sed -n 31,1501p rows.csv; } | wh-update -m m.whm -q
    { head -1 rows.csv; tail -n +1502 rows.csv; } | wh-update -m m.whm -q
    [ "$(wh-score -m m.whm --digest)" = "$(wh-score -m one.whm --digest)" ]
}

@test "one label of a million million does not spoil what comes after" {
    friedman 4000 >calm.csv
    awk -F, -v OFS=, 'NR == 1002 { $11 = 1e12 } 1' calm.csv >struck.csv
    for rows in calm struck; do
        wh-update -m m.whm --new --learner auto --label y -q -p "$rows.csv" |
            awk -F, 'NR > 1002 { d = $12 - $11; sum += d * d } END { print sum }' >"$rows"
    done
    below "$(cat struck)" "$(jq '. * 1.2' calm)"
}

@test "--describe tells the experts of numbers and their weights" {
    friedman 500 >rows.csv
    wh-update -m m.whm --learner auto --label y -q rows.csv
    wh-score -m m.whm --describe >described
    for expert in linear line trend fresh curve bins last 'narrow tiles'; do
        grep -Eq "^  $expert +-?[0-9.]+ +[0-9.]+ +[0-9.]+\$" described
    done
}

@test "a model whose variances were rounded far, by weights and pauses, is read again" {
    cat >rows.csv <<'END'
a,b,c,t,w,y
1,-124291.73862649039,c1,1,1000000000.0,-92910.22713129313
0.3201658173618963,48934.62254014403,c3,61,0,16427.329149405097
66035.4314601865,-308424.8352705183,c0,62,1000000000.0,-1.9962520850333103
0.4959445950163041,-153337.43024797045,c1,63,0,1.3211204179566913
-0.5281295781702865,114878.8946004041,c3,64,0,-0.08091353289159674
1,,c2,86464,0,-1.0520891925478892
abc,2.5595667869004295,c2,86465,1000000000.0,-1.081664161990287
-1.188748211056099,-52908.346564370964,c2,86466,1000000000.0,0.9355434271175139
-2.0758656222250864,13496.111030793403,c3,86467,1,-51890.61745945686
-0.08439716789895722,-146570.17669735293,c3,172867,1000000000.0,0.5739524224588659
0.3035505454007543,-48134.7285934668,c1,259267,1,1.7330630689517168
0.5923376803827006,-87150.83653649916,c3,345667,0,56947.68821502366
0.4304137700354559,0,c1,345727,1,-0.3001782332024001
-92258.6152491368,-0.2557961964366672,c0,432127,1000000000.0,0.21370489484144536
-67608.91774643741,110250.32650584808,c3,518527,1,-0.7223641938581855
-22696.831927587784,118644.48086604502,c3,518528,0,-0.3536114984940959
END
    wh-update -m m.whm --label y --loss absolute --weight w --ignore t --half-life 1h --time t \
        --task regression --rejects bad -q rows.csv
    wh-update -m m.whm --rejects bad -q rows.csv
}
