#!/usr/bin/env bats
# The whole pipeline on real rows: 26,115 hours of New York's weather, out of SQLite and out of
# PostgreSQL, to a model that predicts rain without having seen how much fell.

load ../helper
load postgres

setup_file() {
    [ -f "$WEATHER" ] || return 0
    postgres_start || return 0
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    data_file nyc_weather.csv
}

teardown_file() {
    postgres_stop
}

WEATHER=${WH_TEST_DATA:-$ROOT/../shared/data}/nyc_weather.csv

# The gusts stay text with NA in it, for wh-clean to deal with.
QUERY='
    SELECT origin, temp, dewp, humid, wind_dir, wind_speed, wind_gust, pressure, visib, time_hour,
        CAST(precip > 0 AS integer) AS rain
    FROM weather WHERE time_hour >= :since ORDER BY time_hour, origin'

# extract SOURCE
extract() {
    wh-extract "$1" -c "$QUERY" -v since=2013-01-01
}

load_sqlite() {
    need sqlite3
    sqlite3 weather.db <<END
.mode csv
.import $DATA_FILE raw
CREATE TABLE weather (origin TEXT, temp REAL, dewp REAL, humid REAL, wind_dir INTEGER,
    wind_speed REAL, wind_gust TEXT, precip REAL, pressure REAL, visib REAL, time_hour TEXT);
INSERT INTO weather SELECT origin, nullif(temp, 'NA'), nullif(dewp, 'NA'), nullif(humid, 'NA'),
    nullif(wind_dir, 'NA'), nullif(wind_speed, 'NA'), wind_gust, precip, nullif(pressure, 'NA'),
    visib, time_hour FROM raw;
END
}

load_postgres() {
    psql -Xq -v ON_ERROR_STOP=1 -c 'DROP TABLE IF EXISTS weather' -c 'CREATE TABLE weather (
        origin text COLLATE "C", year int, month int, day int, hour int, temp float8, dewp float8,
        humid float8, wind_dir int, wind_speed float8, wind_gust text, precip numeric,
        pressure float8, visib float8, time_hour timestamptz)'
    psql -Xq -v ON_ERROR_STOP=1 -c "COPY weather FROM STDIN
        (FORMAT csv, HEADER, NULL 'NA', FORCE_NOT_NULL (wind_gust))" <"$DATA_FILE"
}

# learn NAME: from rows on standard input to NAME.whm.
learn() {
    wh-clean --null-value NA --type wind_gust=float --fill wind_gust=0 \
        --drop-missing wind_dir,temp |
        wh-featurize --state "$1.state" --passthrough visib \
            --standard temp,dewp,humid,wind_dir,wind_speed,pressure --log1p wind_gust \
            --onehot origin --dates time_hour:month,hour,cyclic |
        wh-update -q -m "$1.whm" --label rain --stats "$1.json"
}

@test "the weather predicts rain better than its average does" {
    load_sqlite
    extract sqlite:weather.db | learn sqlite
    jq -e '.rows_in == 25654 and .progressive_loss < 0.7 * .baseline_constant and .auc > 0.9' \
        sqlite.json
}

@test "rows and model are the same out of SQLite and out of PostgreSQL" {
    postgres_need
    load_sqlite
    load_postgres
    extract sqlite:weather.db >sqlite.ndjson
    extract postgresql:// >postgres.ndjson
    [ "$(wc -l <sqlite.ndjson)" -eq 26115 ]
    same sqlite.ndjson postgres.ndjson
    extract sqlite:weather.db | learn sqlite
    extract postgresql:// | learn postgres
    [ "$(wh-score -m sqlite.whm --digest)" = "$(wh-score -m postgres.whm --digest)" ]
    [[ $(wh-score -m postgres.whm --digest) =~ ^[0-9a-f]{64}$ ]]
}
