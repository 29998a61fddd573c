--- Changes that wait to be accepted or rejected, all of them or one by one. The buffer stays as it is until then.
local say = require("libria.say")

local M = {}

local space = vim.api.nvim_create_namespace("libria.review")

---@type table<integer, libria.Hunk[]> by buffer, from the first line to the last
local reviews = {}

---@param buffer integer
---@param hunk libria.Hunk
---@return integer row
local function row_of(buffer, hunk)
  return vim.api.nvim_buf_get_extmark_by_id(buffer, space, hunk.mark, {})[1]
end

---@param buffer integer
local function draw(buffer)
  local function row(hunk)
    return row_of(buffer, hunk)
  end
  local hunks = reviews[buffer] or {}
  table.sort(hunks, function(one, other)
    return row(one) < row(other)
  end)
  require("libria.hunks").show(buffer, hunks, row)
  if #hunks == 0 then
    reviews[buffer] = nil
  end
end

--- Offer `new` in place of the lines from `row`, which are `old`. The number of differences.
---@param buffer integer
---@param row integer 0-based
---@param old string[]
---@param new string[]
---@return integer
function M.offer(buffer, row, old, new)
  local hunks = require("libria.diff").hunks(old, new)
  if not reviews[buffer] then
    reviews[buffer] = {}
    vim.api.nvim_create_autocmd("BufUnload", {
      buffer = buffer,
      once = true,
      callback = function()
        reviews[buffer] = nil
      end,
    })
  end
  for _, hunk in ipairs(hunks) do
    hunk.mark = vim.api.nvim_buf_set_extmark(buffer, space, row + hunk.offset, 0, {})
    table.insert(reviews[buffer], hunk)
  end
  draw(buffer)
  return #hunks
end

--- How many wait in the buffer.
---@param buffer integer
---@return integer
function M.waiting(buffer)
  return #(reviews[buffer] or {})
end

---@param buffer integer
---@param hunk libria.Hunk
---@return boolean whether its lines are what they were when the model was asked
local function untouched(buffer, hunk)
  local row = row_of(buffer, hunk)
  return vim.deep_equal(vim.api.nvim_buf_get_lines(buffer, row, row + #hunk.old, false), hunk.old)
end

--- Those of the lines; `nearest`: the one nearest to the first line alone.
---@param buffer integer
---@param range? libria.Lines
---@param nearest boolean
---@return libria.Hunk[]
local function chosen(buffer, range, nearest)
  local hunks = reviews[buffer] or {}
  if not range then
    return vim.list_slice(hunks)
  end
  local found, best, least = {}, nil, math.huge
  for _, hunk in ipairs(hunks) do
    local first = row_of(buffer, hunk) + 1
    local last = first + math.max(0, #hunk.old - 1)
    local distance = range.first < first and first - range.first or math.max(0, range.first - last)
    if distance < least then
      best, least = hunk, distance
    end
    if first <= range.last and last >= range.first then
      found[#found + 1] = hunk
    end
  end
  return nearest and { best } or found
end

---@param buffer integer
---@param gone libria.Hunk[]
local function forget(buffer, gone)
  reviews[buffer] = vim.tbl_filter(function(hunk)
    return not vim.list_contains(gone, hunk)
  end, reviews[buffer] or {})
  for _, hunk in ipairs(gone) do
    vim.api.nvim_buf_del_extmark(buffer, space, hunk.mark)
  end
  draw(buffer)
end

--- Make the changes, as one step of undo. Lines that the user changed meanwhile are left alone, and it is said.
---@param range? libria.Lines only those of these lines
---@param nearest? boolean only the one nearest to the range's first line
function M.accept(range, nearest)
  local buffer = vim.api.nvim_get_current_buf()
  local hunks = chosen(buffer, range, nearest or false)
  local done, joined = {}, false
  for index = #hunks, 1, -1 do
    local hunk = hunks[index]
    if untouched(buffer, hunk) then
      if joined then
        pcall(vim.cmd.undojoin)
      end
      local row = row_of(buffer, hunk)
      vim.api.nvim_buf_set_lines(buffer, row, row + #hunk.old, false, hunk.new)
      joined = true
      done[#done + 1] = hunk
    end
  end
  forget(buffer, done)
  if #hunks == 0 then
    say.warn("there is no change to accept here.")
  elseif #done < #hunks then
    say.warn(("%d left: these lines were changed meanwhile."):format(#hunks - #done))
  end
end

--- The same choice as for accept.
---@param range? libria.Lines
---@param nearest? boolean
function M.reject(range, nearest)
  local buffer = vim.api.nvim_get_current_buf()
  local hunks = chosen(buffer, range, nearest or false)
  forget(buffer, hunks)
  if #hunks == 0 then
    say.warn("there is no change to reject here.")
  end
end

--- Move the cursor to the next change, or the one before.
---@param step 1|-1
function M.jump(step)
  local buffer = vim.api.nvim_get_current_buf()
  local hunks = reviews[buffer] or {}
  local here = vim.api.nvim_win_get_cursor(0)[1]
  local last = vim.api.nvim_buf_line_count(buffer)
  for index = step == 1 and 1 or #hunks, step == 1 and #hunks or 1, step do
    local line = math.min(last, row_of(buffer, hunks[index]) + 1)
    if (line - here) * step > 0 then
      vim.cmd("normal! m'")
      return vim.api.nvim_win_set_cursor(0, { line, 0 })
    end
  end
end

return M
