--- Text that comes in pieces, written into a buffer at a place that keeps its meaning while the user edits.
local config = require("libria.config")

local M = {}

local space = vim.api.nvim_create_namespace("libria.stream")

local WITH_TREE_MS = 60

---@class libria.Stream
---@field buffer integer
---@field _from integer extmarks around what was written
---@field _to integer
---@field _held string[] pieces that are not written yet
---@field _timer? uv.uv_timer_t runs while some are held
---@field _tick? integer the buffer's changedtick after the last piece
---@field _written boolean
---@field _lost? fun() called once, when the text has no place any more
local Stream = {}
Stream.__index = Stream

--- At (row, col), 0-based bytes. All that it writes is one step of undo. `lost` is called when nothing more can be
--- written: the buffer is gone or must not be changed, or the user undid or deleted what was written.
---@param buffer integer
---@param row integer
---@param col integer
---@param lost? fun()
---@return libria.Stream
function M.at(buffer, row, col, lost)
  local function mark(right)
    return vim.api.nvim_buf_set_extmark(buffer, space, row, col, { right_gravity = right })
  end
  local self = setmetatable({}, Stream)
  self.buffer, self._from, self._to = buffer, mark(false), mark(true)
  self._held, self._written, self._lost = {}, false, lost
  return self
end

--- Start and end of what was written: 0-based row and byte; nil where the buffer is gone.
---@return integer? row
---@return integer? col
---@return integer? end_row
---@return integer? end_col
function Stream:range()
  if not vim.api.nvim_buf_is_loaded(self.buffer) then
    return nil
  end
  local from = vim.api.nvim_buf_get_extmark_by_id(self.buffer, space, self._from, {})
  local to = vim.api.nvim_buf_get_extmark_by_id(self.buffer, space, self._to, {})
  if not from[1] or not to[1] then
    return nil
  end
  return from[1], from[2], to[1], to[2]
end

--- A buffer with a syntax tree is drawn twice for each change, the second time when the tree is there: it is written
--- more seldom, as more than 40 times a second is a storm.
---@return integer
function Stream:_pause()
  local often = config.current.batch_ms
  return vim.treesitter.highlighter.active[self.buffer] and math.max(often, WITH_TREE_MS) or often
end

--- Hold the piece, to be written with others in a moment.
---@param text string
function Stream:add(text)
  if text == "" then
    return
  end
  self._held[#self._held + 1] = text
  if not self._timer then
    self._timer = vim.defer_fn(function()
      self._timer = nil
      self:flush()
    end, self:_pause())
  end
end

--- Write what is held now.
function Stream:flush()
  local text = table.concat(self._held)
  self._held = {}
  if text ~= "" then
    self:_replace(text, false)
  end
end

--- Throw away what was written: the answer starts again.
function Stream:reset()
  self._held = {}
  if self._written then
    self:_replace("", true)
  end
end

--- Write the rest and let go of the buffer.
function Stream:close()
  if self._timer then
    self._timer:stop()
    self._timer:close()
    self._timer = nil
  end
  self:flush()
  if vim.api.nvim_buf_is_loaded(self.buffer) then
    vim.api.nvim_buf_del_extmark(self.buffer, space, self._from)
    vim.api.nvim_buf_del_extmark(self.buffer, space, self._to)
  end
end

--- Windows whose cursor is at the end of what was written: they follow it, others are left alone.
function Stream:_followers(row, col)
  local found = {}
  for _, window in ipairs(vim.fn.win_findbuf(self.buffer)) do
    local at = vim.api.nvim_win_get_cursor(window)
    local line = vim.api.nvim_buf_get_lines(self.buffer, row, row + 1, false)[1] or ""
    local last = math.max(0, math.min(col, #line) - 1)
    if at[1] - 1 == row and (at[2] == col or (at[2] >= last and col >= #line)) then
      found[#found + 1] = window
    end
  end
  return found
end

function Stream:_give_up()
  local lost = self._lost
  self._lost, self._gone = nil, true
  if lost then
    lost()
  end
end

---@param text string
---@param all boolean in place of everything written so far, else behind it
function Stream:_replace(text, all)
  local row, col, end_row, end_col = self:range()
  local emptied = self._written and row == end_row and col == end_col
  if self._gone or not row or not vim.bo[self.buffer].modifiable or emptied then
    return self:_give_up()
  end
  local followers = self:_followers(end_row, end_col)
  vim.api.nvim_buf_call(self.buffer, function()
    -- One step of undo, as long as nobody else changed the buffer in between.
    if self._tick == vim.api.nvim_buf_get_changedtick(self.buffer) then
      pcall(vim.cmd.undojoin)
    end
    local from_row, from_col = end_row, end_col
    if all then
      from_row, from_col = row, col
    end
    local lines = vim.split(text, "\n", { plain = true })
    vim.api.nvim_buf_set_text(self.buffer, from_row, from_col, end_row, end_col, lines)
  end)
  self._written = not all
  self._tick = vim.api.nvim_buf_get_changedtick(self.buffer)
  local _, _, new_row, new_col = self:range()
  for _, window in ipairs(followers) do
    pcall(vim.api.nvim_win_set_cursor, window, { new_row + 1, new_col })
  end
end

return M
