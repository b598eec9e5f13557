# Ten typical cleaning steps.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

data=$(rows orders-ndjson "$ROWS")
steps='--trim city,channel --lower city --lower channel --fill discount=0 --fill note=none'
steps="$steps --type quantity=int --type price=float --type ordered_at=timestamp"
steps="$steps --rename note=comment --exclude plan"
# shellcheck disable=SC2016 # Miller's own $
verbs='put '\''$city = tolower(strip($city)); $channel = tolower(strip($channel));
if (is_empty($discount)) { $discount = 0 } if (is_null($note)) { $note = "none" }
$quantity = int($quantity); $price = float($price);
$ordered_at = sec2gmt(gmt2sec($ordered_at))'\'' then rename note,comment then cut -x -f plan'
verbs=$(printf '%s' "$verbs" | tr '\n' ' ')

bench 'clean with ten typical steps' "$ROWS" "$data"
entry wh-clean '' "wh-clean $steps $data >/dev/null"
peer mlr Miller '>= 20' "mlr --ijsonl --ojsonl $verbs $data >/dev/null"
report
