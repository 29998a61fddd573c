-- What machines have spent of budgets, each its own field: to tell the same twice changes nothing, and when Redis has
-- lost its data, each machine's next word mends its part.
-- ARGV: who tells; then for each of KEYS: what it has spent in all (millionths of a dollar), milliseconds to keep it.
-- Answers what all have spent, for each of KEYS.
local who, sums = ARGV[1], {}
for i, key in ipairs(KEYS) do
  local own, keep = tonumber(ARGV[2 * i]), ARGV[2 * i + 1]
  if own > tonumber(redis.call('HGET', key, who) or '-1') then
    redis.call('HSET', key, who, string.format('%.0f', own))
    redis.call('PEXPIRE', key, keep)
  end
  local sum = 0
  for _, spent in ipairs(redis.call('HVALS', key)) do
    sum = sum + tonumber(spent)
  end
  sums[i] = string.format('%.0f', sum)
end
return sums
