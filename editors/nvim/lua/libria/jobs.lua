--- What this Neovim waits for, so that one key cancels it.
local M = {}

---@type table<string, libria.Handle>
local open = {}

---@param handle libria.Handle
---@return libria.Handle
function M.add(handle)
  for token, known in pairs(open) do
    if known.is_over() then
      open[token] = nil
    end
  end
  open[handle.token] = handle
  return handle
end

--- How many were under way.
---@return integer
function M.cancel_all()
  local count = 0
  for token, handle in pairs(open) do
    open[token] = nil
    count = count + (handle.cancel() and 1 or 0)
  end
  return count
end

return M
