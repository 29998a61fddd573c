--- `:Libria status`, and one line for the status line.
local events = require("libria.events")

local M = {}

local EVERY_MS = 30000 -- so often, and after each call, the daemon is asked what was spent
local asked_at = -EVERY_MS
---@type number? US dollars
local spent

--- What one call does, in words.
---@param call libria.Event
---@return string
function M.words(call)
  local words = { call.model ~= "" and call.model or "libria" }
  if call.state == "streaming" or call.state == "thinking" then
    words[#words + 1] = call.tokens_per_second and ("%d tok/s"):format(call.tokens_per_second) or call.state
  else
    local value = { state = call.state, position = call.position, etaMs = call.eta_ms, target = call.target }
    words[#words + 1] = require("libria.waiting").words(value)
  end
  return table.concat(words, " ")
end

---@param usd number
---@return string
local function dollars(usd)
  return usd > 0 and usd < 0.01 and "<$0.01" or ("$%.2f"):format(usd)
end

local function ask_what_was_spent()
  local now = vim.uv.now()
  local client = require("libria.client").get()
  if now - asked_at < EVERY_MS or not (client and client.initialized) then
    return
  end
  asked_at = now
  client:request("libria/status", { parts = { "today" } }, function(_, status)
    local today = status and status.today
    if type(today) == "table" and today.usd ~= spent then
      spent = today.usd
      vim.cmd.redrawstatus({ bang = true })
    end
  end)
end

--- The newest of the calls that stream, else the newest.
---@return libria.Event?
local function foremost()
  local found, streams
  for _, call in pairs(events.open) do
    local does = call.state == "streaming" or call.state == "thinking"
    if not found or (does and not streams) or (does == streams and call.id > found.id) then
      found, streams = call, does
    end
  end
  return found
end

--- Shown by any status line, e.g. `%{%v:lua.require'libria.status'.line()%}`: the call under way, with its place in
--- the queue or its tokens a second; at rest the model that answered last; then whether the answer came from the cache,
--- and what was spent today. Empty before the first call.
---@return string
function M.line()
  vim.schedule(ask_what_was_spent)
  local words = {}
  local call = foremost()
  if call then
    words[#words + 1] = M.words(call)
    local more = vim.tbl_count(events.open) - 1
    if more > 0 then
      words[#words + 1] = ("+%d"):format(more)
    end
  elseif events.last then
    local model = events.last.model
    words[#words + 1] = model ~= "" and model or "libria"
    if events.last.error then
      words[#words + 1] = "failed"
    elseif events.last.cached then
      words[#words + 1] = "cached"
    end
  end
  if spent and spent > 0 then
    words[#words + 1] = dollars(spent) .. " today"
  end
  return (table.concat(words, " "):gsub("%%", "%%%%"))
end

---@param status table what libria/status answers
---@return string[]
local function described(status)
  local today = type(status.today) == "table" and status.today or {}
  local lines = {
    ("Libria %s, process %d, up %d s"):format(status.version, status.pid, status.uptimeSeconds),
    ("%d clients, %d calls under way, %d waiting"):format(#status.clients, #status.calls, status.queue.waiting),
    ("cache: %d of %d found"):format(status.cache.hits, status.cache.hits + status.cache.misses),
  }
  if today.usd then
    lines[#lines + 1] = ("today: %s, %d requests"):format(dollars(today.usd), today.attempts)
  end
  for _, client in ipairs(status.clients) do
    lines[#lines + 1] = ("client  %s  %d calls"):format(client.name ~= "" and client.name or "?", client.calls)
  end
  for _, call in ipairs(status.calls) do
    lines[#lines + 1] = ("call    %s  %s  %s  %.1f s"):format(call.client, call.model, call.state or "", call.seconds)
  end
  for _, breaker in ipairs(status.breakers or {}) do
    if breaker.state ~= "closed" then
      lines[#lines + 1] = ("left alone for now: %s (%s)"):format(breaker.target, breaker.reason or breaker.state)
    end
  end
  vim.list_extend(lines, status.problems)
  return lines
end

function M.show()
  require("libria.client").request("libria/status", vim.empty_dict(), function(err, status)
    local lines = err and { err.message } or described(status)
    if events.last_error then
      vim.list_extend(lines, { "", "The last call that failed: " .. events.last_error })
    end
    require("libria.float").show("Libria", lines)
  end)
end

for _, name in ipairs({ "Started", "Status", "Finished" }) do
  vim.api.nvim_create_autocmd("User", {
    group = vim.api.nvim_create_augroup("libria.status." .. name, {}),
    pattern = "LibriaRequest" .. name,
    callback = function()
      asked_at = name == "Finished" and -EVERY_MS or asked_at -- that call was paid for
      vim.cmd.redrawstatus({ bang = true })
    end,
  })
end

return M
