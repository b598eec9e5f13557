#!/bin/sh
# Makes customers.csv, 2,000 made-up customers of whom it is known whether they left, and today.csv,
# 100 of whom it is not, in the folder of this script.
set -eu
cd "$(dirname "$0")"

# customers SEED ROWS
customers() {
    awk -v seed="$1" -v rows="$2" 'BEGIN {
        print "customer_id,plan,months,calls,spend,churned"
        for (i = 1; i <= rows; i++) {
            n = (i * 48271 + seed) % 2147483647
            plan = n % 3; months = int(n / 3) % 40; calls = int(n / 120) % 9
            churned = (calls * 4 - months + plan * 3 + int(n / 7000) % 20) > 10
            print i "," substr("basplupro", plan * 3 + 1, 3) "," months "," calls "," \
                n % 1000 / 10 "," churned
        }
    }'
}

customers 1 2000 >customers.csv
customers 7 100 | cut -d , -f 1-5 >today.csv
