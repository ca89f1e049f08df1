-- Activity of every device of a cadence's parks (SPEC section 4), and one row, park_id = '', of statistics about the
-- scan itself. The source is scanned once, so that lines, bad rows and watermark are of one snapshot. Result columns
-- are String and UInt64 alone: cliques refuse or change other types in CREATE TABLE ... AS. Read from the inside out.
-- Instants are UInt64 microseconds; inside the period they are counted from its start.
CREATE TABLE $result ENGINE=YtTable() AS SELECT
    park_id,
    device_id,
    max(line_days) AS day_seconds,
    sum(line_scanned) AS rows_read,
    sum(line_considered) AS rows_considered,
    max(line_newest) AS newest_us,
    sum(line_count) AS lines,
    arrayStringConcat(arraySort(groupArrayIf(line_bad, line_bad != '')), '\n') AS bad_rows
FROM (
    -- 5. One record per line, and one per group for the statistics.
    SELECT
        line.1 AS park_id,
        line.2 AS device_id,
        line.3 AS line_days,
        if(park_id = '', scanned, 0) AS line_scanned,
        if(park_id = '' AND (is_device OR reason > 0), scanned, 0) AS line_considered,
        if(park_id = '', newest, 0) AS line_newest,
        if(park_id = '', length(device_lines), 0) AS line_count,
        if(
            park_id = '' AND reason > 0,
            concat(toString(reason), ' ', toString(scanned), ' ', example, ' ', other_example),
            ''
        ) AS line_bad
    FROM (
        -- 4. Seconds per local day for each park that has an interval left: markers cut the intervals into days.
        SELECT
            is_device, reason, scanned, newest, example, other_example,
            arrayMap(
                number -> (
                    replaceAll(own_parks[number], '\0\x01', '\0'),
                    substring(group_key, 2),
                    arrayStringConcat(
                        arrayMap(
                            day -> toString(intDiv(arraySum(day), 1000000)),
                            arraySplit(
                                (micros, rank) -> rank = 0,
                                arrayMap((micros, earner) -> if(earner = number, micros, 0), lasted, earned_by),
                                ranks
                            )
                        ),
                        ','
                    )
                ),
                arrayFilter(
                    number -> arrayExists((micros, owner) -> micros > 0 AND owner = number, lasted, owned_by),
                    arrayEnumerate(own_parks)
                )
            ) AS device_lines,
            arrayJoin(arrayPushBack(device_lines, ('', '', ''))) AS line
        FROM (
            -- 3. The timeline: every interval inside the period, its owner and how long it lasted.
            SELECT
                group_key, is_device, reason, scanned, newest, example, other_example, own_parks, ranks,
                arrayPushFront(arrayMap(key -> toInt64(intDiv(key, base)), keys), carry_at) AS starts,
                arrayPushFront(ranks, carry_rank) AS carried_ranks,
                arrayFill((at, rank) -> rank > 0, starts, carried_ranks) AS events,
                arrayFill(rank -> rank > 0, carried_ranks) AS owners,
                arrayPopFront(
                    arrayMap(
                        (begin, next, event, owner) -> greatest(least(next, event + silences[owner + 1]) - begin, 0),
                        starts, arrayPushBack(arrayPopFront(starts), toInt64($period_length)), events, owners
                    )
                ) AS lasted,
                arrayPopFront(arrayMap(owner -> park_numbers[owner + 1], owners)) AS owned_by,
                arrayPopFront(arrayMap(owner -> earning_numbers[owner + 1], owners)) AS earned_by
            FROM (
                -- 2. Numbers instead of strings: the rank of a state is its place among the device's own states, and
                -- a key sorts by time, then rank. Local midnights are keys of rank 0: before what happens on them.
                SELECT
                    group_key, is_device, reason, scanned, newest, example, other_example,
                    substring(carried, 9) AS carried_state,
                    arraySort(arrayDistinct(if(carried = '', states, arrayPushBack(states, carried_state)))) AS ordered,
                    arrayMap(state -> cityHash64(state), ordered) AS hashes,
                    length(ordered) + 1 + throwIf(
                        length(arrayDistinct(hashes)) < length(ordered)
                        OR length(ordered) >= intDiv(9223372036854775807, $period_length) - 1,
                        'signalq-billing: the different states of a device cannot be ranked'
                    ) AS base,
                    arrayMap(state -> splitByString('\0\0', state), ordered) AS parts,
                    arrayDistinct(arrayMap(part -> part[1], arrayFilter(part -> part[3] != '', parts))) AS own_parks,
                    arrayPushFront(arrayMap(part -> toInt64OrZero(splitByChar(',', part[3])[1]), parts), 0) AS silences,
                    arrayPushFront(arrayMap(part -> indexOf(own_parks, part[1]), parts), 0) AS park_numbers,
                    arrayPushFront(
                        arrayMap(
                            part -> if(
                                position(part[3], concat(',', hex(replaceAll(part[2], '\0\x01', '\0')), ',')) > 0,
                                indexOf(own_parks, part[1]),
                                0
                            ),
                            parts
                        ),
                        0
                    ) AS earning_numbers,
                    if(carried = '', 0, indexOf(ordered, carried_state)) AS carry_rank,
                    if(
                        carried = '',
                        -1,
                        toInt64(reinterpretAsUInt64(reverse(substring(carried, 1, 8)))) - $period_start
                    ) AS carry_at,
                    arraySort(
                        arrayConcat(
                            arrayMap((at, hash) -> at * base + indexOf(hashes, hash), times, state_hashes),
                            arrayMap(midnight -> midnight * base, $midnights)
                        )
                    ) AS keys,
                    arrayMap(key -> key % base, keys) AS ranks
                FROM (
                    -- 1. The scan. A device's group holds its good rows of the period and, of the lookback, only the
                    -- last one. All other rows go to groups named by a digit: 0 for those outside the window, else
                    -- the reason why they are bad. Leading underscores keep the names here apart from columns of the
                    -- source: older cliques prefer a column.
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
                        _row_reason = 0 AND _row_us >= $period_start AND _row_us < $period_end AS _in_period,
                        _row_reason = 0 AND _row_us >= $window_start AND _row_us < $period_start AS _in_lookback,
                        -- Sorts as (park_id, status) does, bytewise; the park's rules follow, and depend on those.
                        concat(
                            replaceAll(_row_park, '\0', '\0\x01'), '\0\0',
                            replaceAll(_row_status, '\0', '\0\x01'), '\0\0',
                            rules.park_rule
                        ) AS _row_state,
                        if(
                            _row_reason BETWEEN 1 AND 3 OR (_row_reason > 3 AND _in_window),
                            concat($example),
                            ''
                        ) AS _row_text
                    SELECT
                        multiIf(
                            _row_reason BETWEEN 1 AND 3, toString(_row_reason),
                            NOT _in_window, '0',
                            _row_reason > 0, toString(_row_reason),
                            concat('=', _row_device)
                        ) AS group_key,
                        startsWith(group_key, '=') AS is_device,
                        if(is_device, 0, toUInt8OrZero(group_key)) AS reason,
                        count() AS scanned,
                        maxIf(_row_us, _row_reason = 0) AS newest,
                        groupArrayIf(toUInt64(_row_us - $period_start), _in_period) AS times,
                        groupArrayIf(cityHash64(_row_state), _in_period) AS state_hashes,
                        groupUniqArrayIf(_row_state, _in_period) AS states,
                        maxIf(concat(reverse(reinterpretAsFixedString(_row_us)), _row_state), _in_lookback) AS carried,
                        min(_row_text) AS example,
                        max(_row_text) AS other_example
                    FROM $source AS source
                    GLOBAL ANY LEFT JOIN (
                        SELECT park_id AS known_park, rule AS park_rule FROM $rules
                    ) AS rules ON source.$park_id = rules.known_park
                    GROUP BY group_key
                )
            )
        )
    )
)
GROUP BY park_id, device_id
ORDER BY park_id, device_id
