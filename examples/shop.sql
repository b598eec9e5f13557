-- A shop's warehouse to try the tools on: sqlite3 shop.db <shop.sql
--
-- 20,000 customers and 200,000 orders of the year 2025, as untidy as real ones: missing values,
-- mixed casing, stray blanks, "n/a", and one order in a hundred delivered twice by the loader.
--
-- Whether an order is returned depends on price, discount, delivery time, channel, plan and city,
-- with a good deal of chance; and on 1 July a new carrier changes which channels and delivery
-- times are risky, so that a model that does not keep learning goes stale.
--
-- All chance is arithmetic on integers, so the rows are the same everywhere. With p = 2^31 - 1 and
-- y = 48271 i + 69621 k mod p, the k-th random number of row i is y^2 (y + 12345) mod p.

PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;

DROP TABLE IF EXISTS customers;
DROP TABLE IF EXISTS orders;

CREATE TABLE customers (
    customer_id INTEGER PRIMARY KEY,
    city        TEXT,
    plan        TEXT NOT NULL,
    birth_year  INTEGER,
    signed_up   TEXT NOT NULL
);

CREATE TABLE orders (
    order_id      INTEGER NOT NULL, -- not unique: see above
    customer_id   INTEGER NOT NULL REFERENCES customers,
    ordered_at    TEXT NOT NULL,
    channel       TEXT NOT NULL,
    quantity      INTEGER NOT NULL,
    price         REAL NOT NULL,
    discount      REAL,
    delivery_days INTEGER,
    returned      INTEGER NOT NULL
);

BEGIN;

WITH RECURSIVE
    row (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row LIMIT 20000),
    seed AS (
        SELECT i,
               (48271 * i + 69621 * 1) % 2147483647 AS y1,
               (48271 * i + 69621 * 2) % 2147483647 AS y2,
               (48271 * i + 69621 * 3) % 2147483647 AS y3,
               (48271 * i + 69621 * 4) % 2147483647 AS y4,
               (48271 * i + 69621 * 5) % 2147483647 AS y5
        FROM row
    ),
    random AS (
        SELECT i,
               y1 * y1 % 2147483647 * (y1 + 12345) % 2147483647 AS r1,
               y2 * y2 % 2147483647 * (y2 + 12345) % 2147483647 AS r2,
               y3 * y3 % 2147483647 * (y3 + 12345) % 2147483647 AS r3,
               y4 * y4 % 2147483647 * (y4 + 12345) % 2147483647 AS r4,
               y5 * y5 % 2147483647 * (y5 + 12345) % 2147483647 AS r5
        FROM seed
    ),
    -- Some cities have more customers than others.
    place AS (
        SELECT *,
               CASE WHEN r1 % 100 < 34 THEN 'Lagos'
                    WHEN r1 % 100 < 52 THEN 'Nairobi'
                    WHEN r1 % 100 < 66 THEN 'Cairo'
                    WHEN r1 % 100 < 77 THEN 'Accra'
                    WHEN r1 % 100 < 86 THEN 'Dakar'
                    WHEN r1 % 100 < 93 THEN 'Tunis'
                    ELSE 'Kigali' END AS name
        FROM random
    )
INSERT INTO customers
SELECT i,
       CASE r2 % 40 WHEN 0 THEN NULL
                    WHEN 1 THEN 'n/a'
                    WHEN 2 THEN upper(name)
                    WHEN 3 THEN lower(name)
                    WHEN 4 THEN ' ' || name
                    WHEN 5 THEN name || '  '
                    ELSE name END,
       CASE WHEN r3 % 10 < 6 THEN 'free' WHEN r3 % 10 < 9 THEN 'basic' ELSE 'plus' END,
       CASE WHEN r4 % 20 > 0 THEN 1950 + r4 / 20 % 55 END,
       date('2019-01-01', (r5 % 2190) || ' days')
FROM place;

WITH RECURSIVE
    row (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row LIMIT 200000),
    seed AS (
        SELECT i,
               (48271 * i + 69621 * 11) % 2147483647 AS y1,
               (48271 * i + 69621 * 12) % 2147483647 AS y2,
               (48271 * i + 69621 * 13) % 2147483647 AS y3,
               (48271 * i + 69621 * 14) % 2147483647 AS y4,
               (48271 * i + 69621 * 15) % 2147483647 AS y5,
               (48271 * i + 69621 * 16) % 2147483647 AS y6,
               (48271 * i + 69621 * 17) % 2147483647 AS y7,
               (48271 * i + 69621 * 18) % 2147483647 AS y8
        FROM row
    ),
    random AS (
        SELECT i,
               y1 * y1 % 2147483647 * (y1 + 12345) % 2147483647 AS r1,
               y2 * y2 % 2147483647 * (y2 + 12345) % 2147483647 AS r2,
               y3 * y3 % 2147483647 * (y3 + 12345) % 2147483647 AS r3,
               y4 * y4 % 2147483647 * (y4 + 12345) % 2147483647 AS r4,
               y5 * y5 % 2147483647 * (y5 + 12345) % 2147483647 AS r5,
               y6 * y6 % 2147483647 * (y6 + 12345) % 2147483647 AS r6,
               y7 * y7 % 2147483647 * (y7 + 12345) % 2147483647 AS r7,
               y8 * y8 % 2147483647 * (y8 + 12345) % 2147483647 AS r8
        FROM seed
    ),
    placed AS (
        SELECT *,
               1 + r1 % 20000 AS customer,
               -- 200,000 orders over 365 days: one every 157.68 seconds.
               1735689600 + (i - 1) * 15768 / 100 + r2 % 100 AS time,
               CASE WHEN r3 % 10 < 5 THEN 'web' WHEN r3 % 10 < 8 THEN 'app' ELSE 'shop' END AS way,
               1 + (r4 % 4) * (r4 / 4 % 4) AS pieces,
               -- Cents; cheap things are bought more often than dear ones.
               499 + (r5 % 200) * (r5 / 200 % 200) AS cents,
               CASE WHEN r6 % 10 < 4 THEN 5 * (r6 / 10 % 8) END AS percent,
               1 + r7 % 5 + (r7 / 5 % 3) * (r7 / 15 % 4) AS days
        FROM random
    ),
    -- Chance of a return, in thousandths.
    risk AS (
        SELECT placed.*,
               60
               + cents / 120
               + 7 * coalesce(percent, 0)
               + 22 * max(days - 4, 0) * (time < 1751328000)
               + 45 * max(days - 5, 0) * (time >= 1751328000)
               + CASE way WHEN 'web' THEN 40
                          WHEN 'app' THEN CASE WHEN time < 1751328000 THEN 0 ELSE 190 END
                          ELSE -50 END
               + CASE plan WHEN 'plus' THEN -60 WHEN 'free' THEN 30 ELSE 0 END
               + CASE lower(trim(city)) WHEN 'dakar' THEN 90 WHEN 'cairo' THEN -40 ELSE 0 END
               AS thousandths
        FROM placed JOIN customers ON customer_id = customer
    )
INSERT INTO orders
SELECT i,
       customer,
       strftime('%Y-%m-%dT%H:%M:%SZ', time, 'unixepoch'),
       CASE r8 % 20 WHEN 0 THEN upper(way) WHEN 1 THEN way || ' ' ELSE way END,
       pieces,
       cents / 100.0,
       percent / 100.0,
       CASE WHEN r8 / 20 % 16 > 0 THEN days END,
       r8 / 320 % 1000 < thousandths
FROM risk
ORDER BY i;

-- The loader ran twice over some rows.
INSERT INTO orders SELECT * FROM orders WHERE order_id % 100 = 17;

COMMIT;

CREATE INDEX orders_by_time ON orders (ordered_at, order_id);
