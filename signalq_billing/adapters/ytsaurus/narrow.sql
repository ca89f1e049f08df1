-- In place of the source: the rows of devices that were ever seen in some parks. All rows of theirs, for an event in
-- another park ends an interval of these.
(
    SELECT $columns
    FROM $source
    WHERE $device_id GLOBAL IN (SELECT $device_id FROM $source WHERE $park_id IN ($parks))
)
