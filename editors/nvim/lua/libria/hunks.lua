--- How changes look before they are made: what goes is coloured where it is, what comes stands below it.
local diff = require("libria.diff")

local M = {}

local space = vim.api.nvim_create_namespace("libria.hunks")

--- Virtual text does not know tabs.
---@param text string
---@param column integer
---@param tabstop integer
---@return string
---@return integer column behind it
local function untabbed(text, column, tabstop)
  local out = {}
  for part, tab in text:gmatch("([^\t]*)(\t?)") do
    out[#out + 1] = part
    column = column + vim.fn.strdisplaywidth(part)
    if tab ~= "" then
      local width = tabstop - column % tabstop
      out[#out + 1] = (" "):rep(width)
      column = column + width
    end
  end
  return table.concat(out), column
end

---@param pieces { text: string, changed: boolean }[]
---@param tabstop integer
---@return [string, string][]
local function chunks(pieces, tabstop)
  local line, column = {}, 0
  for _, piece in ipairs(pieces) do
    local text
    text, column = untabbed(piece.text, column, tabstop)
    line[#line + 1] = { text, piece.changed and "LibriaAddedWord" or "LibriaAdded" }
  end
  return #line > 0 and line or { { " ", "LibriaAdded" } }
end

---@param lines string[]
---@param tabstop integer
---@return [string, string][][]
function M.added(lines, tabstop)
  local out = {}
  for _, line in ipairs(lines) do
    out[#out + 1] = chunks({ { text = line, changed = false } }, tabstop)
  end
  return out
end

---@param buffer integer
---@param row integer
---@param old { text: string, changed: boolean }[]
local function colour_words(buffer, row, old)
  local col = 0
  for _, piece in ipairs(old) do
    if piece.changed then
      local options = { end_col = col + #piece.text, hl_group = "LibriaRemovedWord", priority = 5000 }
      pcall(vim.api.nvim_buf_set_extmark, buffer, space, row, col, options)
    end
    col = col + #piece.text
  end
end

--- Of lines that go above the first: the window shows them only when told to.
---@param buffer integer
---@param count integer
local function uncover(buffer, count)
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    vim.api.nvim_win_call(window, function()
      if vim.fn.line("w0") == 1 then
        vim.fn.winrestview({ topfill = count })
      end
    end)
  end
end

--- Colours what goes; what comes instead, ready to be shown.
---@param buffer integer
---@param hunk libria.Hunk
---@param row integer its first
---@return [string, string][][]
local function draw(buffer, hunk, row)
  local tabstop = vim.bo[buffer].tabstop
  local added = {}
  for index, line in ipairs(hunk.new) do
    local old = hunk.old[index]
    local pieces = { { text = line, changed = false } }
    if old then
      local before
      before, pieces = diff.words(old, line)
      colour_words(buffer, row + index - 1, before)
    end
    added[index] = chunks(pieces, tabstop)
  end
  for index = 1, #hunk.old do
    vim.api.nvim_buf_set_extmark(buffer, space, row + index - 1, 0, { line_hl_group = "LibriaRemoved" })
  end
  return added
end

--- All of a buffer's, in place of what was shown before.
---@param buffer integer
---@param hunks libria.Hunk[] from the first line to the last
---@param row_of fun(hunk: libria.Hunk): integer its first row, or the one that its lines go before
function M.show(buffer, hunks, row_of)
  vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
  local below = {} ---@type table<integer, [string, string][][]> by row; several marks of one row have no order
  for _, hunk in ipairs(hunks) do
    local row = row_of(hunk)
    local anchor = row + #hunk.old - 1
    below[anchor] = vim.list_extend(below[anchor] or {}, draw(buffer, hunk, row))
  end
  for anchor, lines in pairs(below) do
    local above = anchor < 0
    local options = { virt_lines = lines, virt_lines_above = above }
    vim.api.nvim_buf_set_extmark(buffer, space, math.max(0, anchor), 0, options)
    if above then
      uncover(buffer, #lines)
    end
  end
  if hunks[1] then
    local hint = ("  %d change%s; :Libria accept, reject"):format(#hunks, #hunks > 1 and "s" or "")
    local row = math.min(row_of(hunks[1]), vim.api.nvim_buf_line_count(buffer) - 1)
    local options = { virt_text = { { hint, "LibriaStatus" } }, virt_text_pos = "eol" }
    vim.api.nvim_buf_set_extmark(buffer, space, row, 0, options)
  end
end

return M
