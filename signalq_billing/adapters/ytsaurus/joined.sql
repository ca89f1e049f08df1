-- The result tables of all buckets of devices as one, with one row of statistics: each row of the source is in one
-- bucket, so that what they counted adds up. Result columns are as in activity.sql.
CREATE TABLE $result ENGINE=YtTable() AS SELECT
    '' AS park_id,
    '' AS device_id,
    '' AS day_seconds,
    sum(part.rows_read) AS rows_read,
    sum(part.rows_considered) AS rows_considered,
    max(part.newest_us) AS newest_us,
    sum(part.lines) + throwIf(count() != $number, 'signalq-billing: a bucket lost its row of statistics') AS lines,
    arrayStringConcat(arraySort(groupArrayIf(part.bad_rows, part.bad_rows != '')), '\n') AS bad_rows
FROM $parts AS part
WHERE part.park_id = ''
UNION ALL
SELECT park_id, device_id, day_seconds, rows_read, rows_considered, newest_us, lines, bad_rows
FROM $parts AS part
WHERE part.park_id != ''
