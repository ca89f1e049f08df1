-- What a scan of the whole source says about itself (SPEC section 3), where activity is computed of some devices alone:
-- the same row of statistics as activity.sql writes, but that it has no lines. Nothing is grouped by device.
-- Result columns are String and UInt64 alone: cliques refuse or change other types in CREATE TABLE ... AS.
CREATE TABLE $result ENGINE=YtTable() AS SELECT
    '' AS park_id,
    '' AS device_id,
    '' AS day_seconds,
    sum(scanned) AS rows_read,
    sumIf(scanned, kind > 0) AS rows_considered,
    max(newest) AS newest_us,
    toUInt64(0) AS lines,
    arrayStringConcat(
        arraySort(
            groupArrayIf(
                concat(toString(kind), ' ', toString(scanned), ' ', example, ' ', other_example), kind BETWEEN 1 AND 7
            )
        ),
        '\n'
    ) AS bad_rows
FROM (
    -- A kind is the number of the reason why rows are bad, 0 for rows outside the window, 8 for good ones inside it.
    -- Leading underscores keep the names here apart from columns of the source: older cliques prefer a column.
    WITH
        ifNull(source.$park_id, '') AS _row_park,
        ifNull(source.$device_id, '') AS _row_device,
        ifNull(source.$status, '') AS _row_status,
        ifNull(reinterpretAsUInt64(source.$status_at), 0) AS _row_us,
        multiIf(
            isNull(source.$status_at), 1,
            _row_us < $earliest, 2,
            _row_us > $latest, 3,
            _row_park = '', 4,
            _row_device = '', 5,
            _row_status = '', 6,
            isValidUTF8(_row_park) AND isValidUTF8(_row_device) AND isValidUTF8(_row_status), 0,
            7
        ) AS _row_reason,
        _row_us >= $window_start AND _row_us < $period_end AS _in_window,
        multiIf(
            _row_reason BETWEEN 1 AND 3, _row_reason,
            NOT _in_window, 0,
            _row_reason > 0, _row_reason,
            8
        ) AS _kind,
        if(_kind BETWEEN 1 AND 7, concat($example), '') AS _row_text
    SELECT
        _kind AS kind,
        count() AS scanned,
        maxIf(_row_us, _row_reason = 0) AS newest,
        min(_row_text) AS example,
        max(_row_text) AS other_example
    FROM $source AS source
    GROUP BY _kind
)
