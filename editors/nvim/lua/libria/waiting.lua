--- Where an answer will be: what is being waited for, as virtual text that goes with the first word.
local M = {}

local space = vim.api.nvim_create_namespace("libria.waiting")

--- A place in the queue and how long it takes, in words.
---@param value { state: string, position?: integer, reason?: string, target?: string, etaMs?: number }
---@return string
function M.words(value)
  local words = { value.state }
  if value.position then
    words[#words + 1] = ("%d"):format(value.position)
  end
  if value.etaMs then
    words[#words + 1] = ("%d s"):format(math.ceil(value.etaMs / 1000))
  end
  if value.reason then
    words[#words + 1] = ("(%s)"):format(value.reason)
  end
  if value.target and value.state == "fallback" then
    words[#words + 1] = value.target
  end
  return table.concat(words, " ")
end

---@class libria.Waiting
---@field show fun(text: string)
---@field hide fun()

---@param buffer integer
---@param row integer 0-based
---@return libria.Waiting
function M.at(buffer, row)
  ---@type integer?
  local mark
  local waiting = {}
  function waiting.show(text)
    if not vim.api.nvim_buf_is_loaded(buffer) then
      return
    end
    local place = mark and vim.api.nvim_buf_get_extmark_by_id(buffer, space, mark, {})[1]
    local options = { id = mark, virt_text = { { " ⋯ " .. text, "LibriaStatus" } }, virt_text_pos = "eol" }
    local ok, id = pcall(vim.api.nvim_buf_set_extmark, buffer, space, place or row, 0, options)
    mark = ok and id or mark
  end
  function waiting.hide()
    if mark and vim.api.nvim_buf_is_loaded(buffer) then
      vim.api.nvim_buf_del_extmark(buffer, space, mark)
    end
    mark = nil
  end
  waiting.show("asked")
  return waiting
end

return M
