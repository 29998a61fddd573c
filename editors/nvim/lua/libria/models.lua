--- `:Libria models`: which model answers from now on.
local M = {}

local say = require("libria.say")

---@type table[]? as libria/models listed them last
local known

---@param done fun(models: table[])
local function list(done)
  require("libria.client").request("libria/models", vim.empty_dict(), function(err, result)
    if err then
      return say.failure(err)
    end
    known = result.models
    done(known)
  end)
end

---@param name string
function M.use(name)
  require("libria.config").current.model = name
  say.say(name .. " answers from now on.")
end

---@param model table
---@return string
function M.describe(model)
  local window = model.contextWindow and ("  %dk"):format(math.floor(model.contextWindow / 1000)) or ""
  local price = type(model.price) == "table" and ("  $%g/$%g"):format(model.price.input, model.price.output) or ""
  return model.id .. window .. price
end

function M.pick()
  list(function(models)
    local chats = vim.tbl_filter(function(model)
      local can = model.capabilities
      return #can == 0 or vim.list_contains(can, "chat") or vim.list_contains(can, "alias")
    end, models)
    if #chats == 0 then
      return say.warn("no model can be asked; see :checkhealth libria.")
    end
    vim.ui.select(chats, { prompt = "Model", format_item = M.describe }, function(model)
      if model then
        M.use(model.id)
      end
    end)
  end)
end

--- The names that begin so. The first time it waits for the list, as completion cannot come later.
---@param lead string
---@return string[]
function M.complete(lead)
  if not known then
    list(function() end)
    vim.wait(2000, function()
      return known ~= nil
    end, 10)
  end
  local names = {}
  for _, model in ipairs(known or {}) do
    if vim.startswith(model.id, lead) then
      names[#names + 1] = model.id
    end
  end
  return names
end

return M
