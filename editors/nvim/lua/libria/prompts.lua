--- What models are asked for the commands, and what of the file they see.
local config = require("libria.config")

local M = {}

M.WRITES = "You write text that goes into a file as it is. Answer with that text alone: no explanation, no code fence."
M.REWRITES = "You rewrite a part of a file. Answer with the new text of that part alone, whole lines with their "
  .. "indentation: no explanation, no code fence, nothing of what is before or behind it."
M.REWRITES_WITHIN = "You rewrite a part of a file that begins or ends within a line. Answer with the new text of that "
  .. "part alone: no explanation, no code fence, nothing of what is before or behind it, also not of the same line."
M.COMMIT = "You write the message of a git commit from its diff: a summary of at most 72 characters in the imperative, "
  .. "and where the change needs it an empty line and a short body wrapped at 72 that says why. Answer with it alone."

---@param buffer integer
---@param first integer 0-based, included
---@param last integer excluded
---@return string
local function lines(buffer, first, last)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, math.max(0, first), math.max(0, last), false), "\n")
end

---@param buffer integer
---@return string
local function kind(buffer)
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ":t")
  return ("File: %s (%s)"):format(name ~= "" and name or "unnamed", vim.bo[buffer].filetype)
end

---@param buffer integer
---@param row integer 0-based
---@param col integer
---@param words string
---@return string
function M.insert(buffer, row, col, words)
  local around = config.current.context_lines
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
  return ("%s\nThe text goes where <here/> is:\n%s\n%s<here/>%s\n%s\n\nWanted: %s"):format(
    kind(buffer),
    lines(buffer, row - around, row),
    line:sub(1, col),
    line:sub(col + 1),
    lines(buffer, row + 1, row + 1 + around),
    words
  )
end

--- What of its first and last line is not selected.
---@param part string[]
---@param columns? [integer, integer]
---@return string head
---@return string tail
function M.rest(part, columns)
  if not columns or #part == 0 then
    return "", ""
  end
  return part[1]:sub(1, columns[1]), part[#part]:sub(columns[2] + 1)
end

---@param buffer integer
---@param range libria.Lines
---@param words string
---@return string
function M.edit(buffer, range, words)
  local around = config.current.context_lines
  local before = lines(buffer, range.first - 1 - around, range.first - 1)
  local behind = lines(buffer, range.last, range.last + around)
  local part = vim.api.nvim_buf_get_lines(buffer, range.first - 1, range.last, false)
  if range.columns then
    local head, tail = M.rest(part, range.columns)
    before, behind = before .. "\n" .. head, tail .. "\n" .. behind
    part[#part] = part[#part]:sub(1, range.columns[2])
    part[1] = part[1]:sub(range.columns[1] + 1)
  end
  return ("%s\nBefore the part:\n%s\n\nBehind it:\n%s\n\nThe part to rewrite:\n%s\n\nWanted: %s"):format(
    kind(buffer),
    before,
    behind,
    table.concat(part, "\n"),
    words
  )
end

--- The words, and the lines as a block of code.
---@param buffer integer
---@param range libria.Lines
---@param words string
---@return string
function M.about(buffer, range, words)
  local text = lines(buffer, range.first - 1, range.last)
  local fence = "```"
  for run in text:gmatch("`+") do
    fence = #run >= #fence and run .. "`" or fence
  end
  return ("%s\n\n%s%s\n%s\n%s"):format(words, fence, vim.bo[buffer].filetype, text, fence)
end

return M
