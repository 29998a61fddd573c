--- Calls as progress messages of Neovim 0.12; earlier ones have none.
local M = {}

--- https://neovim.io/doc/user/api.html#nvim_echo(): the kind "progress" came with 0.12.
local able = vim.fn.has("nvim-0.12") == 1
---@type table<integer, any> the message of each call, by the call's number
local messages = {}

local STATUS = { Started = "running", Status = "running", Finished = "success" }

---@param name "Started"|"Status"|"Finished"
---@param data libria.Event
function M.show(name, data)
  if not able or not require("libria.config").current.progress then
    return
  end
  local status = data.error and "failed" or data.cancelled and "cancel" or STATUS[name]
  local words = name == "Finished" and status or require("libria.status").words(data)
  local options = { kind = "progress", source = "libria", title = "Libria", status = status, id = messages[data.id] }
  local text = vim.fn.strcharpart(words, 0, math.max(10, vim.o.columns - 40))
  vim.cmd.redraw() -- in place of the last message: two lines of them wait for Enter
  local ok, id = pcall(vim.api.nvim_echo, { { text } }, false, options)
  messages[data.id] = name ~= "Finished" and ok and id or nil
end

return M
