--- A message to the user that never stops the editor.
local M = {}

--- Neovim's own notify waits for Enter when the text is wider than the screen, and answers nobody meanwhile.
---@param message string
---@param level? integer
function M.say(message, level)
  local text = "Libria: " .. message
  local source = debug.getinfo(vim.notify, "S").source
  local own = source:match("^@vim/_") or source:match("^=?%?$") -- 0.12 keeps no names; a plugin's is a file
  if own then
    text = text:gsub("%s*\n%s*", " ")
    local room = vim.o.columns - 14 -- showcmd and the ruler have their place in this line
    if vim.fn.strdisplaywidth(text) > room then
      text = vim.fn.strcharpart(text, 0, math.max(20, room - 18)) .. "… :Libria status"
    end
    vim.cmd.redraw() -- in place of the last message: two lines of them wait for Enter
  end
  vim.notify(text, level or vim.log.levels.INFO)
end

---@param message string
function M.warn(message)
  M.say(message, vim.log.levels.WARN)
end

---@param message string
function M.error(message)
  M.say(message, vim.log.levels.ERROR)
end

--- What a call failed with; a cancel is no failure.
---@param err? libria.Error
function M.failure(err)
  if err and err.code ~= -32800 then
    M.error(err.message)
  end
end

return M
