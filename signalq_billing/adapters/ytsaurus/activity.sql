-- Activity of every device of a cadence's parks (SPEC section 4), and one row, park_id = '', of statistics about the
-- scan itself: lines, bad rows and watermark are of that one scan. The one before it only ranks park ids and statuses:
-- any state of the source will do that has all of them, and the statement fails if one has not. Result columns are
-- String and UInt64 alone: cliques refuse or change other types in CREATE TABLE ... AS. Read from the inside out.
--
-- An event is one number, a key: microseconds since the window (lookback and period) began, then the rank of its park,
-- then that of its status, each in bits of its own. So keys sort as events do. Ranks begin with 1; a key without any is
-- a local midnight, before what happens on it.
CREATE TABLE $result ENGINE=YtTable() AS WITH
    -- Parks and their rules; the empty pair keeps both from being nothing at all.
    (
        SELECT (groupArray(park_id), groupArray(rule))
        FROM (SELECT park_id, rule FROM $rules UNION ALL SELECT '' AS park_id, '' AS rule)
    ) AS _asked,
    (
        -- c. All that the statement has to know of parks and statuses, as arrays.
        SELECT (
            parks,
            park_ranks,
            statuses,
            status_ranks,
            [
                toUInt8(bits_of_status),
                toUInt8(bits_of_park + bits_of_status + throwIf(
                    bits_of_park + bits_of_status + $window_bits > 64,
                    'signalq-billing: too many different parks and statuses for a period and lookback of this length'
                ))
            ],
            arrayMap(paid -> toUInt64(paid.1), paid_parks),
            arrayMap(paid -> paid.2, paid_parks),
            arrayMap(paid -> toUInt64(splitByChar(',', paid.3)[1]), paid_parks),
            arrayFlatten(
                arrayMap(
                    paid -> arrayMap(
                        status -> bitShiftLeft(toUInt64(paid.1), bits_of_status) + status.1,
                        arrayFilter(status -> position(paid.3, status.2) > 0, active_statuses)
                    ),
                    paid_parks
                )
            )
        )
        FROM (
            -- b. Ranks in bytewise order. Parks that are not asked for, or statuses that are active nowhere, share a
            -- rank if nothing else comes between them: no matter which of them comes last, nobody is paid by them.
            SELECT
                parks,
                statuses,
                arrayMap(park -> transform(park, _asked.1, _asked.2, ''), parks) AS park_rules,
                arrayStringConcat(arrayDistinct(_asked.2), ' ') AS all_rules,
                arrayMap(status -> concat(',', hex(status), ','), statuses) AS coded_statuses,
                arrayMap(rule -> toUInt8(rule != ''), park_rules) AS asked,
                arrayMap(coded -> toUInt8(position(all_rules, coded) > 0), coded_statuses) AS active,
                arrayCumSum((this, last) -> this OR last, asked, arrayPopBack(arrayPushFront(asked, 1))) AS park_ranks,
                arrayCumSum((this, last) -> this OR last, active, arrayPopBack(arrayPushFront(active, 1)))
                    AS status_ranks,
                arrayFirst(bits -> bitShiftRight(arrayMax(park_ranks), bits) = 0, range(64)) AS bits_of_park,
                arrayFirst(bits -> bitShiftRight(arrayMax(status_ranks), bits) = 0, range(64)) AS bits_of_status,
                arrayFilter(each -> each.3 != '', arrayZip(park_ranks, parks, park_rules)) AS paid_parks,
                arrayFilter(each -> position(all_rules, each.2) > 0, arrayZip(status_ranks, coded_statuses))
                    AS active_statuses
            FROM (
                -- a. What there is.
                SELECT
                    arraySort(arrayFilter(id -> id != '' AND isValidUTF8(id), groupUniqArray(source.$park_id))) AS parks,
                    arraySort(arrayFilter(id -> id != '' AND isValidUTF8(id), groupUniqArray(source.$status))) AS statuses
                FROM $source AS source
            )
        )
    ) AS _ranked,
    _ranked.1 AS _parks,
    _ranked.2 AS _park_ranks,
    _ranked.3 AS _statuses,
    _ranked.4 AS _status_ranks,
    _ranked.5[1] AS _status_bits,
    _ranked.5[2] AS _state_bits,
    _ranked.6 AS _paid_ranks,
    _ranked.7 AS _paid_parks,
    _ranked.8 AS _paid_silences,
    _ranked.9 AS _active_states,
    toUInt64(bitShiftLeft(toUInt64(1), _state_bits) - 1) AS _state_mask
SELECT
    park_id,
    device_id,
    max(line_days) AS day_seconds,
    sum(line_scanned) AS rows_read,
    sum(line_considered) AS rows_considered,
    max(line_newest) AS newest_us,
    toUInt64(sum(line_count)) AS lines,
    arrayStringConcat(arraySort(groupArrayIf(line_bad, line_bad != '')), '\n') AS bad_rows
FROM (
    -- 5. One record per line, and one per group for the statistics. A park that has no interval of the device left
    -- has no line: its record goes to the statistics, too, and takes one off their number of lines.
    SELECT
        lasted_micros > 0 AS is_line,
        if(is_line, transform(park, _paid_ranks, _paid_parks, ''), '') AS park_id,
        if(is_line, group_key, '') AS device_id,
        if(
            is_line,
            arrayStringConcat(
                arrayMap(
                    (this, next) -> toString(intDiv(next - this, 1000000)),
                    earned_before,
                    arrayPushBack(arrayPopFront(earned_before), earned_micros)
                ),
                ','
            ),
            ''
        ) AS line_days,
        if(park = 0, scanned, 0) AS line_scanned,
        if(park = 0 AND (is_device OR reason > 0), scanned, 0) AS line_considered,
        if(park = 0, newest, 0) AS line_newest,
        multiIf(park = 0, toInt64(length(owners)), is_line, 0, -1) AS line_count,
        if(reason > 0, concat(toString(reason), ' ', toString(scanned), ' ', example, ' ', other_example), '')
            AS line_bad
    FROM (
        -- 4. The timeline of a device as one park sees it: how long each interval of its own lasted inside the period,
        -- how much was earned up to the end of each, and up to each midnight.
        SELECT
            group_key, is_device, reason, scanned, newest, example, other_example, owners, park,
            arrayMap(
                (key, event, next) -> if(
                    bitShiftRight(bitAnd(event, _state_mask), _status_bits) = park,
                    greatest(
                        least(bitShiftRight(next, _state_bits), bitShiftRight(event, _state_bits) + silence)
                            - greatest(bitShiftRight(key, _state_bits), toUInt64($lookback_length)),
                        0
                    ),
                    0
                ),
                keys, events, nexts
            ) AS lasted,
            arrayCumSum(
                (micros, event) -> micros * transform(
                    bitAnd(event, _state_mask), _active_states, arrayMap(state -> 1, _active_states), 0
                ),
                lasted, events
            ) AS earned,
            arrayFilter(
                (micros, key) -> bitAnd(key, _state_mask) = 0, arrayPopBack(arrayPushFront(earned, 0)), keys
            ) AS earned_before,
            -- Sums are taken here, for what is made in a branch below has the arrays it uses copied.
            arraySum(lasted) AS lasted_micros,
            earned[-1] AS earned_micros
        FROM (
            -- 3. Once for each park that may have a line, and once, as park 0, for the statistics.
            SELECT
                group_key, is_device, reason, scanned, newest, example, other_example, owners,
                arrayJoin(
                    arrayPushBack(arrayMap(owner -> (owner, device_keys), owners), (toUInt64(0), [toUInt64(0)]))
                ) AS timeline,
                timeline.1 AS park,
                timeline.2 AS keys,
                transform(park, _paid_ranks, _paid_silences, toUInt64(0)) AS silence,
                arrayFill(key -> bitAnd(key, _state_mask) != 0, keys) AS events,
                arrayPushBack(arrayPopFront(keys), bitShiftLeft(toUInt64($window_length), _state_bits)) AS nexts
            FROM (
                -- 2. All keys of a device in order, and which of the parks that are asked for they are of.
                SELECT
                    group_key,
                    isValidUTF8(group_key) AS is_device,
                    if(is_device, 0, toUInt8OrZero(substring(group_key, 2))) AS reason,
                    row_count + throwIf(
                        reason = 8, 'signalq-billing: a park or status appeared while the source was read'
                    ) AS scanned,
                    concat($example) AS example,
                    concat($other_example) AS other_example,
                    if(
                        is_device,
                        bitShiftRight(greatest(newest_other, arrayMax(times)), _state_bits) + $window_start,
                        newest_other
                    ) AS newest,
                    arraySort(
                        arrayConcat(
                            if(is_device AND group_key != '' AND newest_other > 0, [newest_other], emptyArrayUInt64()),
                            times,
                            arrayMap(midnight -> bitShiftLeft(midnight, _state_bits), $midnights)
                        )
                    ) AS device_keys,
                    arrayFilter(
                        rank -> transform(rank, _paid_ranks, _paid_ranks, toUInt64(0)) > 0,
                        arrayDistinct(
                            arrayCompact(
                                arrayMap(key -> bitShiftRight(bitAnd(key, _state_mask), _status_bits), device_keys)
                            )
                        )
                    ) AS owners
                FROM (
                    -- 1. The scan. A device's group holds its good rows of the period and, of the lookback, only the
                    -- last one. All other rows go to groups named by what no device is called, for it is no UTF-8, and
                    -- a digit: 0 for those outside the window, else the reason why they are bad (8: not ranked).
                    -- Where few parks are asked for, good rows of devices never seen in them are one group, called
                    -- nothing: they count for what is said of the source, and are not kept.
                    -- Leading underscores keep the names here apart from columns of the source: older cliques prefer
                    -- a column.
                    WITH
                        assumeNotNull(source.$park_id) AS _row_park,
                        assumeNotNull(source.$device_id) AS _row_device,
                        assumeNotNull(source.$status) AS _row_status,
                        ifNull(reinterpretAsUInt64(source.$status_at), 0) AS _row_us,
                        isNull(source.$park_id) OR isNull(source.$device_id) OR isNull(source.$status) AS _has_null,
                        toUInt64(transform(_row_park, _parks, _park_ranks, 0)) AS _row_park_rank,
                        toUInt64(transform(_row_status, _statuses, _status_ranks, 0)) AS _row_status_rank,
                        bitOr(
                            bitShiftLeft(toUInt64(_row_us - $window_start), _state_bits),
                            bitOr(bitShiftLeft(_row_park_rank, _status_bits), _row_status_rank)
                        ) AS _row_key,
                        _row_us BETWEEN $earliest AND $latest AS _is_timely,
                        _row_us >= $window_start AND _row_us < $period_end AS _in_window,
                        _row_us >= $period_start AND _row_us < $period_end AS _in_period,
                        _is_timely AND NOT _has_null AND _row_park_rank > 0 AND _row_status_rank > 0
                            AND _row_device != '' AND isValidUTF8(_row_device) AS _is_good,
                        NOT _is_timely OR (_in_window AND NOT _is_good) AS _is_bad,
                        $asked AS _is_asked,
                        multiIf(
                            NOT _is_bad, 0,
                            isNull(source.$status_at), 1,
                            _row_us < $earliest, 2,
                            _row_us > $latest, 3,
                            ifNull(source.$park_id, '') = '', 4,
                            ifNull(source.$device_id, '') = '', 5,
                            ifNull(source.$status, '') = '', 6,
                            isValidUTF8(_row_park) AND isValidUTF8(_row_device) AND isValidUTF8(_row_status), 8,
                            7
                        ) AS _row_reason
                    SELECT
                        if(
                            _is_good AND _in_window,
                            if(_is_asked, _row_device, ''),
                            concat('\xFF', toString(_row_reason))
                        ) AS group_key,
                        groupArrayIf(_row_key, _is_good AND _is_asked AND _in_period) AS times,
                        maxIf(if(_in_window, _row_key, _row_us), _is_good AND NOT (_is_asked AND _in_period)) AS newest_other,
                        count() AS row_count,
                        minIf($row, _is_bad) AS bad_row,
                        maxIf($row, _is_bad) AS other_bad_row
                    FROM $source AS source
                    $of_bucket
                    GROUP BY group_key
                )
            )
        )
    )
    -- Statistics of no row at all: there is a row of them even where nothing was scanned, so an empty table is no result.
    UNION ALL
    SELECT
        toUInt8(0) AS is_line, '' AS park_id, '' AS device_id, '' AS line_days, toUInt64(0) AS line_scanned,
        toUInt64(0) AS line_considered, toUInt64(0) AS line_newest, toInt64(0) AS line_count, '' AS line_bad
)
GROUP BY park_id, device_id
ORDER BY park_id, device_id
