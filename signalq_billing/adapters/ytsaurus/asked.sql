-- Within activity.sql, where few parks are asked for: whether the row's device was ever seen in one of them.
_row_device GLOBAL IN (SELECT ifNull($device_id, '') FROM $source WHERE $park_id IN ($parks))
