-- All that is done with windows: atomically, on the server's own time.
-- A window is a hash: one field for each of its slots that holds something, and
--   s  the sum of them        o, n  the oldest and the newest slot      e  when the hash was made: its name
-- What a slot holds counts until SLOTS more slots have passed entirely, so that at no moment more than the
-- limit lies within any window. KEYS[1] is a hash of what holds for all windows of a provider's key:
--   p<prefix>  until when whatever begins with it is paused
--   x<prefix>  until when others are better asked: a pause that nobody waits for. It stops nobody who asks
--   c<who>     "until since name amount …": who waits, so that those who came later leave room
-- ARGV: what is done, who asks, whether it has waited before; then five for each of KEYS[2…]:
--   name, amount, limit, microseconds of the window, microseconds since
-- and, to take for several at once, the amounts of each of the others, in the order of KEYS[2…].
local SLOTS = 120
local WAITING, MOST = 500000, 60000000 -- microseconds that a claim outlasts its time, and at most
local UNDER_WAY = 50000 -- microseconds that an answer may have been under way, by which its taker thinks it younger

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local action, who, waited = ARGV[1], ARGV[2], ARGV[3] == '1'
local shared = KEYS[1]

local function text(number)
  return string.format('%.0f', number)
end

local function held(window, from, to)
  local names = {}
  for slot = from, to do
    names[#names + 1] = text(slot)
  end
  if #names == 0 then
    return names, {}
  end
  return names, redis.call('HMGET', window.key, unpack(names))
end

-- The window as it is now: what counts no longer is gone.
local function opened(i)
  local at = 3 + (i - 2) * 5
  local window = {
    key = KEYS[i],
    name = ARGV[at + 1],
    amount = tonumber(ARGV[at + 2]),
    limit = tonumber(ARGV[at + 3]),
    all = tonumber(ARGV[at + 4]),
    age = tonumber(ARGV[at + 5]),
  }
  window.width = window.all / SLOTS
  window.slot = math.floor(now / window.width)
  local kept = redis.call('HMGET', window.key, 's', 'o', 'n', 'e')
  local newest = tonumber(kept[3] or '')
  if newest and newest > window.slot + SLOTS then
    redis.call('DEL', window.key) -- the server's clock was set back by more than a window
    newest = nil
  end
  if not newest then
    window.sum, window.oldest, window.epoch = 0, window.slot, '0'
    window.first = window.slot - SLOTS
    return window
  end
  window.slot = math.max(window.slot, newest) -- set back by less: time stands still until it is as late again
  window.first = window.slot - SLOTS
  window.sum, window.oldest, window.epoch = tonumber(kept[1]), tonumber(kept[2]), kept[4]
  if window.oldest < window.first then
    local names, values = held(window, window.oldest, math.min(window.first - 1, newest))
    for _, value in ipairs(values) do
      window.sum = window.sum - (tonumber(value or '') or 0)
    end
    if #names > 0 then
      redis.call('HDEL', window.key, unpack(names))
    end
    window.oldest = window.first
    redis.call('HSET', window.key, 's', text(window.sum), 'o', text(window.oldest))
  end
  return window
end

local function add(window, amount, slot)
  if window.epoch == '0' then
    window.epoch = text(now)
    redis.call('HSET', window.key, 'e', window.epoch)
  end
  window.sum = window.sum + amount
  window.oldest = math.min(window.oldest, slot)
  window.values = nil
  redis.call('HINCRBY', window.key, text(slot), text(amount))
  redis.call('HSET', window.key, 's', text(window.sum), 'o', text(window.oldest), 'n', text(window.slot))
  redis.call('PEXPIRE', window.key, text(math.ceil(window.all / 1000) * 2 + 1000))
end

-- The slot in which it was `age` ago; nil where that counts no longer.
local function slot_of(window, age)
  local slot = math.floor((now - age) / window.width)
  if slot < window.first then
    return nil
  end
  return math.min(slot, window.slot)
end

-- Taken back where it was taken, or a little before, as the answer was under way; from nowhere else, or what
-- others took would be forgotten.
local function take_back(window, amount)
  local last = slot_of(window, window.age)
  if not last then
    return
  end
  local first = math.max(math.floor((now - window.age - UNDER_WAY) / window.width), window.oldest)
  local names, values = held(window, first, last)
  for i, name in ipairs(names) do
    local less = math.min(tonumber(values[i] or '') or 0, amount)
    if less > 0 then
      redis.call('HINCRBY', window.key, name, text(-less))
      window.sum = window.sum - less
      amount = amount - less
    end
  end
  redis.call('HSET', window.key, 's', text(window.sum))
end

-- Microseconds until so much that counts now counts no longer.
local function until_gone(window, amount)
  if not window.values then
    local _
    _, window.values = held(window, window.oldest, window.slot)
  end
  for i, value in ipairs(window.values) do
    amount = amount - (tonumber(value or '') or 0)
    if amount <= 0 then
      return math.ceil((window.oldest + i + SLOTS) * window.width - now)
    end
  end
  return math.ceil((SLOTS + 1) * window.width)
end

local function windows()
  local all = {}
  for i = 2, #KEYS do
    all[#all + 1] = opened(i)
  end
  return all
end

-- The name of each window, and what of it is used by all.
local function told(all, answer)
  for _, window in ipairs(all) do
    answer[#answer + 1] = window.epoch
  end
  for _, window in ipairs(all) do
    answer[#answer + 1] = window.sum
  end
  return answer
end

-- For how long one of `names` is paused, what those who came before us wait for, since when we wait, and for
-- how long others are better asked.
local function known(names)
  local left, claimed, since, others = { p = 0, x = 0 }, {}, now, {}
  local fields = redis.call('HGETALL', shared)
  for i = 1, #fields, 2 do
    local kind, rest = fields[i]:sub(1, 1), fields[i]:sub(2)
    local ends = tonumber(fields[i + 1]:match('^%d+'))
    if ends <= now then
      redis.call('HDEL', shared, fields[i])
    elseif left[kind] then
      for _, name in ipairs(names) do
        if name:sub(1, #rest) == rest then
          left[kind] = math.max(left[kind], ends - now)
        end
      end
    elseif rest == who then
      since = tonumber(fields[i + 1]:match('^%d+ (%d+)'))
    else
      others[#others + 1] = fields[i + 1]
    end
  end
  for _, claim in ipairs(others) do
    if tonumber(claim:match('^%d+ (%d+)')) < since then
      for name, amount in claim:match('^%d+ %d+ (.*)$'):gmatch('(%S+) (%d+)') do
        claimed[name] = (claimed[name] or 0) + tonumber(amount)
      end
    end
  end
  return left.p, claimed, since, left.x
end

local function lasts(key, microseconds)
  local left = math.ceil(microseconds / 1000)
  if redis.call('PTTL', key) < left then
    redis.call('PEXPIRE', key, text(left))
  end
end

-- 0 where `amounts` fit into all windows, and are taken; else the microseconds until they may.
local function take_one(all, amounts, claimed)
  local wait = 0
  for i, window in ipairs(all) do
    local over = window.sum + (claimed[window.name] or 0) + amounts[i] - window.limit
    if over > 0 then
      wait = math.max(wait, until_gone(window, over), 1)
    end
  end
  if wait == 0 then
    for i, window in ipairs(all) do
      add(window, amounts[i], window.slot)
    end
  end
  return wait
end

-- Of one who has waited before: for what, so that others leave room.
local function claim(all, amounts, since, wait)
  local lasting = math.min(wait + WAITING, MOST)
  local words = { text(now + lasting), text(since) }
  for i, window in ipairs(all) do
    words[#words + 1] = window.name .. ' ' .. text(amounts[i])
  end
  redis.call('HSET', shared, 'c' .. who, table.concat(words, ' '))
  lasts(shared, lasting)
end

local function take()
  local all, names, asked = windows(), {}, { {} }
  for i, window in ipairs(all) do
    names[i], asked[1][i] = window.name, window.amount
  end
  for at = 4 + 5 * #all, #ARGV, #all do
    local amounts = {}
    for i = 1, #all do
      amounts[i] = tonumber(ARGV[at + i - 1])
    end
    asked[#asked + 1] = amounts
  end
  local paused, claimed, since, shunned = known(names)
  local waits = {}
  for i, amounts in ipairs(asked) do
    waits[i] = paused > 0 and paused or take_one(all, amounts, claimed)
  end
  if paused == 0 and waits[1] == 0 then
    redis.call('HDEL', shared, 'c' .. who)
  elseif paused == 0 and waited then
    claim(all, asked[1], since, waits[1])
  end
  local answer = told(all, { waits[1], paused, shunned })
  for i = 2, #waits do
    answer[#answer + 1] = waits[i]
  end
  return answer
end

local function settle()
  local all = {}
  for i = 2, #KEYS do -- one after the other: the same window may come several times
    local window = opened(i)
    all[#all + 1] = window
    local slot = slot_of(window, window.age)
    if window.amount < 0 and window.epoch ~= '0' then
      take_back(window, -window.amount)
    elseif window.amount > 0 and slot then
      add(window, window.amount, slot)
    end
  end
  return told(all, {})
end

local function learn()
  local window = opened(2)
  local slot = slot_of(window, window.age)
  if slot and window.amount > window.sum then
    add(window, window.amount - window.sum, slot)
  end
  return { window.epoch }
end

-- Longer than it is, or no longer at all.
local function pause(kind)
  local field, ends = kind .. ARGV[4], now + tonumber(ARGV[5])
  if ends == now then
    redis.call('HDEL', shared, field)
  elseif ends > (tonumber(redis.call('HGET', shared, field) or '') or 0) then
    redis.call('HSET', shared, field, text(ends))
    lasts(shared, ends - now)
  end
  return 1
end

local function paused()
  local left, _, _, shunned = known({ ARGV[4] })
  return { left, shunned }
end

local actions = { take = take, settle = settle, learn = learn, paused = paused }
if action == 'pause' or action == 'shun' then
  return pause(action == 'pause' and 'p' or 'x')
end
return actions[action]()
