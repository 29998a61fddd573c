--- What a call does, told to whoever listens: `User LibriaRequestStarted`, `…Status`, `…Finished`, each with a
--- libria.Event as `data`.
local M = {}

---@class libria.Event
---@field id integer counts this Neovim's calls
---@field model string
---@field state "asked"|"queued"|"waiting"|"connecting"|"retrying"|"fallback"|"thinking"|"streaming"|"reset"|"done"
---@field position? integer in the queue
---@field eta_ms? number
---@field reason? string
---@field target? string
---@field tokens_per_second? number estimated from the text
---@field error? string why it failed
---@field cancelled? boolean
---@field usage? table
---@field cached? boolean the answer came from the cache
---@field cost? number US dollars

local counter = 0
---@type table<integer, libria.Event> calls under way, by number
M.open = {}
---@type libria.Event? what the last one to end looked like
M.last = nil
---@type string? why the last one to fail failed
M.last_error = nil

---@param name string
---@param data table
local function fire(name, data)
  local pattern = "LibriaRequest" .. name
  require("libria.progress").show(name, data)
  vim.api.nvim_exec_autocmds("User", { pattern = pattern, modeline = false, data = vim.deepcopy(data) })
end

local EVERY_NS = 500 * 1000000 -- how often the speed of a stream is told
local STREAMS = { delta = "streaming", reasoning = "thinking" }

--- One call. Its times are the editor's own.
---@param model? string
function M.begin(model)
  counter = counter + 1
  local id, first, characters, told = counter, nil, 0, 0
  ---@type libria.Event
  local data = { id = id, model = model or "", state = "asked" }
  M.open[id] = data
  vim.schedule(function()
    fire("Started", data)
  end)
  return {
    value = function(value)
      if value.kind == "status" then
        data.state, data.target = value.state, value.target or data.target
        data.position, data.eta_ms, data.reason = value.position, value.etaMs, value.reason
        fire("Status", data)
      elseif STREAMS[value.kind] then
        local now = vim.uv.hrtime()
        first = first or now
        characters = characters + #value.text
        if data.state ~= STREAMS[value.kind] or now - told > EVERY_NS then
          data.state, data.position, data.eta_ms, data.reason = STREAMS[value.kind], nil, nil, nil
          data.tokens_per_second = now > first and characters / 4 / ((now - first) / 1e9) or nil
          told = now
          fire("Status", data)
        end
      elseif value.kind == "reset" then
        data.state, data.reason, first, characters = "reset", value.reason, nil, 0
        fire("Status", data)
      end
    end,
    done = function(err, result)
      M.open[id] = nil
      data.state, data.cancelled = "done", err and err.code == -32800 or nil
      if err and not data.cancelled then
        data.error, M.last_error = err.message, err.message
      elseif result then
        data.model, data.usage = result.model, result.usage
        data.cached, data.cost = (result.cache or {}).hit, (result.cost or {}).usd
      end
      M.last = data
      fire("Finished", data)
    end,
  }
end

return M
