--- Libria for Neovim: language models through the one daemon that all your tools share.
local config = require("libria.config")

local M = {}

---@param options? libria.Options
function M.setup(options)
  config.set(options)
  require("libria.ghost").set_up()
end

local HANDLERS = {
  delta = function(o, value)
    if o.on_delta then
      o.on_delta(value.text)
    end
  end,
  reasoning = function(o, value)
    if o.on_reasoning then
      o.on_reasoning(value.text)
    end
  end,
  reset = function(o, value)
    if o.on_reset then
      o.on_reset(value.reason)
    end
  end,
  status = function(o, value)
    if o.on_status then
      o.on_status(value)
    end
  end,
}

--- Ask a model; the answer streams into the callbacks, in order, `on_done` last and once. After `on_reset` it starts
--- again: what came before is void.
---@param o libria.ChatOptions
---@return libria.Handle
function M.chat(o)
  local params = vim.tbl_extend("force", {
    messages = o.messages or { { role = "user", content = o.prompt } },
    model = o.model or config.current.model,
    system = o.system,
  }, o.params or {})
  local seen = require("libria.events").begin(params.model)
  return require("libria.client").request("libria/chat", params, function(err, result)
    seen.done(err, result)
    if o.on_done then
      o.on_done(err, result)
    end
  end, function(value)
    seen.value(value)
    local handler = HANDLERS[value.kind]
    if handler then
      handler(o, value)
    end
  end)
end

return M
