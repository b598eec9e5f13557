# Inputs of the commands in cases/, made in the working folder.

awk 'BEGIN {
    print "id,churned,visits,plan,day"
    for (i = 1; i <= 200; i++)
        printf "%d,%s,%d,%s,2026-01-%02d\n", i, (i * 7) % 10 < 3 + i % 2 * 3 ? "yes" : "no",
            i * i % 13, i % 3 ? "basic" : "gold", 1 + i % 28
}' >rows.csv
awk -F, -v OFS=, 'NR == 1 { print "id", "price", "visits" }
    NR > 1 { print $1, $3 * 2.5 + $1 % 4, $3 }' rows.csv >numbers.csv
awk -F, -v OFS=, 'NR == 1 { print "id", "kind", "visits" }
    NR > 1 { print $1, "abc" $3 % 3, $3 }' rows.csv >kinds.csv
printf 'a,b\n1,x\n2\n3,y\n' >short.csv
# Rows without a label, and then their labels.
awk -F, -v OFS=, 'NR == 1 { print; next } { label = $2; $2 = ""; print; labels[NR] = $1 "," label }
    END { for (i = 2; i <= 101; i++) print labels[i] ",,," }' rows.csv >late.csv
