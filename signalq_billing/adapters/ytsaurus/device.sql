-- What the source says about one device (SPEC section 3): its good rows of the period one by one, repeated ones
-- counted, earlier and later ones summed up per park, bad ones per reason; and one row, kind = '', that says how many
-- others there are. The source is scanned once. Result columns are String and UInt64 alone: cliques refuse or change
-- other types in CREATE TABLE ... AS. Instants are UInt64 microseconds. Read from the inside out.
CREATE TABLE $result ENGINE=YtTable() AS SELECT
    found.1 AS kind,
    found.2 AS park_id,
    found.3 AS status,
    found.4 AS first_us,
    found.5 AS last_us,
    found.6 AS row_count,
    found.7 AS example,
    found.8 AS other_example
FROM (
    -- 2. All groups in one row, which is there even if no group is: what gets lost on the way then shows.
    SELECT
        groupArray((kind, group_park, last_status, first_us, last_us, row_count, example, other_example)) AS groups,
        ('', '', '', toUInt64(0), toUInt64(0), toUInt64(length(groups)), '', '') AS summary,
        arrayJoin(arrayPushBack(groups, summary)) AS found
    FROM (
        -- 1. The scan. A kind is the number of the reason why rows are bad, 0 for bad ones that no share is taken of,
        -- else what good ones are to the period. Leading underscores keep the names here apart from
        -- columns of the source: older cliques prefer a column.
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
                _row_reason > 3 AND NOT _in_window, '0',
                _row_reason > 0, toString(_row_reason),
                _row_us < $window_start, 'before',
                _row_us < $period_start, 'lookback',
                _row_us < $period_end, 'event',
                'after'
            ) AS _kind,
            if(_row_reason = 0, _row_park, '') AS _group_park,
            if(_kind = 'event', _row_status, '') AS _group_status,
            if(_kind = 'event', _row_us, 0) AS _group_us
        SELECT
            _kind AS kind,
            _group_park AS group_park,
            substring(
                maxIf(concat(reverse(reinterpretAsFixedString(_row_us)), _row_status), _row_reason = 0), 9
            ) AS last_status,
            min(_row_us) AS first_us,
            max(_row_us) AS last_us,
            count() AS row_count,
            minIf(concat($example), _row_reason > 0) AS example,
            maxIf(concat($example), _row_reason > 0) AS other_example
        FROM $source AS source
        WHERE source.$device_id = $device
        GROUP BY _kind, _group_park, _group_status, _group_us
    )
)
