-- A lease is given up only by who has it: ARGV[1] is what was written when it was taken.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
