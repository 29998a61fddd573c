--- Models put code into a fence even when asked not to: it is taken off while the text streams.
local M = {}

---@class libria.Unfence
---@field _held string what is not given yet
---@field _depth? integer fences that are open; nil before the first line is known, 0 once the outer one is closed
---@field _plain boolean the answer is not in a fence
---@field _midway boolean the beginning of this line was given, it is no fence
---@field _break string the line's break, which waits with it: the last one belongs to the fence
local Unfence = {}
Unfence.__index = Unfence

---@return libria.Unfence
function M.new()
  return setmetatable({ _held = "", _plain = false, _midway = false, _break = "" }, Unfence)
end

--- What of the text so far is the answer's own.
---@param text string
---@return string
function Unfence:add(text)
  if self._plain then
    return text
  end
  self._held = self._held .. text
  if not self._depth then
    local start = self._held:gsub("^%s*\n", "")
    if vim.startswith("```", start) then
      return "" -- nothing yet, or what may become a fence
    end
    if not vim.startswith(start, "```") then
      self._plain = true
      return self._held
    end
    local rest = start:match("^```[^\n]*\n(.*)$")
    if not rest then
      return ""
    end
    self._held, self._depth = rest, 1
  end
  return self:_inside()
end

---@return string
function Unfence:_inside()
  local ready = {}
  while self._depth > 0 do
    local line, rest = self._held:match("^([^\n]*)\n(.*)$")
    local start = line or self._held
    if not self._midway then
      if not line and start:match("^%s*`*[^%s]*$") and not start:match("^%s*[^%s`]") then
        break -- nothing, or what may be a fence
      end
      if line and line:match("^%s*```%s*$") then
        self._depth = self._depth - 1
      elseif line and line:match("^%s*```%w") then
        self._depth = self._depth + 1
      end
      start = self._break .. start
    end
    if self._depth > 0 then
      ready[#ready + 1] = start
    end
    self._held, self._midway = rest or "", not line
    self._break = line and "\n" or ""
    if not line then
      break
    end
  end
  return table.concat(ready)
end

--- What was held back, without the fence.
---@return string
function Unfence:finish()
  local rest = self._held
  self._held = ""
  if self._plain or self._depth == 0 then
    return ""
  end
  if not self._depth then
    return vim.startswith(rest, "```") and "" or rest
  end
  return (rest == "" or rest:match("^%s*```%s*$")) and "" or self._break .. rest
end

---@param text string
---@return string
function M.whole(text)
  local unfence = M.new()
  local first = unfence:add(text)
  return first .. unfence:finish()
end

return M
