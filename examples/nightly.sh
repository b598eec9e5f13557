#!/bin/bash
# Learns from the orders that are new since last night, then scores them; for cron, in a folder with
# shop.db and the recipe returns.json. Killed at any moment and run again, it goes on where it was.
set -e -o pipefail

wh-extract -q sqlite:shop.db -t orders --since id --checkpoint returns.whm |
    wh-featurize -q -r returns.json --state returns.state --keep returned |
    wh-update -q -m returns.whm --label returned --checkpoint returns.whm

wh-extract -q sqlite:shop.db -t orders --since id --checkpoint sqlite:mart.db#scores |
    wh-featurize -q -r returns.json --state returns.state --frozen --keep id |
    wh-score -q -m returns.whm |
    wh-load -q sqlite:mart.db -t scores --create --key id --checkpoint sqlite:mart.db#scores
