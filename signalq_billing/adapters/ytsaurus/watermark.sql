-- The newest good status_at of the source, in microseconds; 0 or null if there is none.
SELECT
    max(reinterpretAsUInt64(source.$status_at)) AS newest_us
FROM $source AS source
WHERE
    reinterpretAsUInt64(source.$status_at) BETWEEN $earliest AND $latest
    AND source.$park_id != '' AND source.$device_id != '' AND source.$status != ''
    AND isValidUTF8(source.$park_id) AND isValidUTF8(source.$device_id) AND isValidUTF8(source.$status)
