# How soon the rows of a slow source are in the target: the longest time from the making of a row to
# its commit, with a checkpoint every second.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

folder=$WORK/latency
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 1

# Rows that take a tenth of a second or two, and say when they were made. (A `now` that does not seem
# to depend on the row would be evaluated once for all.)
sqlite3 shop.db "
    CREATE TABLE n (id INTEGER PRIMARY KEY);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
        INSERT INTO n SELECT i FROM n"
slow="SELECT id, (WITH RECURSIVE w (i) AS (
                      SELECT 1 UNION ALL SELECT i + 1 FROM w WHERE i < 1000000 + id)
                  SELECT count(*) FROM w) AS work,
             (julianday('now', (id * 0) || ' seconds') - 2440587.5) * 86400 AS made
      FROM n"

{
    wh-extract sqlite:shop.db -c "$slow" --since id --checkpoint c.json --every 1s |
        wh-clean --unique id --state clean.state |
        wh-load out.ndjson --checkpoint c.json
    : >ended
} &
# A time and the length of what is committed, as often as possible.
until [ -e ended ]; do
    if [ -e c.json ]; then
        jq -r '"\(now) \(.length)"' c.json
    fi
    sleep 0.02
done >seen
echo "$(date +%s) $(jq .length c.json)" >>seen

echo
awk 'FNR == NR { time[++n] = $1; committed[n] = $2; next }
    {
        length_so_far += length($0) + 1
        match($0, /"made":[0-9.]*/)
        for (i = 1; committed[i] < length_so_far;) i++
        delay = time[i] - substr($0, RSTART + 7, RLENGTH - 7)
        if (delay > longest) longest = delay
    }
    END { printf "Latency: with --every 1s the slowest of %d rows was committed after %.2f s " \
              "(aim: 2 s)\n", FNR, longest }' seen out.ndjson
