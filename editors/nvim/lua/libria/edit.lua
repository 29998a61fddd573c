--- `:Libria edit` and `fix`: lines are rewritten, shown as they come, then offered change by change.
local config = require("libria.config")
local say = require("libria.say")

local M = {}

local space = vim.api.nvim_create_namespace("libria.edit")
local SHOWN = 12 -- of the lines that come, the last ones

--- The lines that are rewritten; they keep their place while the user edits elsewhere.
---@class libria.Part
---@field buffer integer
---@field mark integer
---@field preview? integer
local Part = {}
Part.__index = Part

---@param buffer integer
---@param range libria.Lines
---@return libria.Part
local function part(buffer, range)
  local self = setmetatable({ buffer = buffer }, Part)
  self.mark = vim.api.nvim_buf_set_extmark(buffer, space, range.first - 1, 0, {
    end_row = range.last,
    end_right_gravity = false,
    right_gravity = true,
  })
  return self
end

--- First row and the one behind the last; nil where they are gone.
---@return integer?
---@return integer?
function Part:rows()
  if not vim.api.nvim_buf_is_loaded(self.buffer) then
    return nil
  end
  local at = vim.api.nvim_buf_get_extmark_by_id(self.buffer, space, self.mark, { details = true })
  local last = at[3] and at[3].end_row
  if not last or last <= at[1] then
    return nil
  end
  return at[1], last
end

---@return string[]?
function Part:lines()
  local first, last = self:rows()
  return first and vim.api.nvim_buf_get_lines(self.buffer, first, last, false)
end

function Part:forget()
  if vim.api.nvim_buf_is_loaded(self.buffer) then
    vim.api.nvim_buf_del_extmark(self.buffer, space, self.mark)
    if self.preview then
      vim.api.nvim_buf_del_extmark(self.buffer, space, self.preview)
    end
  end
end

--- What came so far, below the lines. False where they are gone.
---@param text string
---@return boolean
function Part:show(text)
  local first, last = self:rows()
  if not first then
    return false
  end
  local lines = vim.split(text, "\n", { plain = true })
  local shown = vim.list_slice(lines, math.max(1, #lines - SHOWN + 1))
  self.preview = vim.api.nvim_buf_set_extmark(self.buffer, space, last - 1, 0, {
    id = self.preview,
    virt_lines = require("libria.hunks").added(shown, vim.bo[self.buffer].tabstop),
  })
  return true
end

--- The last break is the buffer's own, and the lines around the part are not the model's to change.
---@param text string
---@param old string[]
---@return string[]
local function made(text, old)
  local new = vim.split(text, "\n", { plain = true })
  if old[#old] ~= "" and new[#new] == "" then
    table.remove(new)
  end
  if #new == 1 and new[1] == "" then
    return {}
  end
  return new
end

---@param asked libria.Part
---@param before string[] the lines that the model saw
---@param text string in place of whole lines
local function offer(asked, before, text)
  local old = asked:lines()
  if not old then
    return say.warn("the lines are gone.")
  end
  local count = require("libria.review").offer(asked.buffer, (asked:rows()), old, made(text, old))
  if count == 0 then
    say.say("nothing to change.")
  elseif not vim.deep_equal(old, before) then
    say.warn("the lines were changed meanwhile; look before you accept.")
  end
end

---@param words string
---@param range libria.Lines
function M.run(words, range)
  local buffer = vim.api.nvim_get_current_buf()
  if not vim.bo[buffer].modifiable then
    return say.error("this buffer cannot be changed.")
  end
  local asked = part(buffer, range)
  local before = asked:lines() or {}
  local waiting = require("libria.waiting").at(buffer, range.first - 1)
  local prompts = require("libria.prompts")
  local head, tail = prompts.rest(before, range.columns)
  local unfence, text = require("libria.unfence").new(), ""
  local timer
  ---@type libria.Handle
  local handle

  local function draw()
    timer = nil
    if not asked:show(head .. text) then
      handle.cancel()
    end
  end

  handle = require("libria").chat({
    prompt = prompts.edit(buffer, range, words),
    system = range.columns and prompts.REWRITES_WITHIN or prompts.REWRITES,
    on_status = function(value)
      waiting.show(require("libria.waiting").words(value))
    end,
    on_reasoning = function()
      waiting.show("thinking")
    end,
    on_delta = function(piece)
      text = text .. unfence:add(piece)
      timer = timer or vim.defer_fn(draw, config.current.batch_ms)
    end,
    on_reset = function()
      unfence, text = require("libria.unfence").new(), ""
      waiting.show("again")
      timer = timer or vim.defer_fn(draw, config.current.batch_ms)
    end,
    on_done = function(err, result)
      if timer then
        timer:stop()
        timer:close()
      end
      waiting.hide()
      if result then
        text = text .. unfence:finish()
        offer(asked, before, range.columns and head .. text:gsub("\n$", "") .. tail or text)
      else
        say.failure(err)
      end
      asked:forget()
    end,
  })
  require("libria.jobs").add(handle)
end

--- The problems that are reported of the lines, said to the model; the lines alone are rewritten.
---@param words string
---@param range libria.Lines
function M.fix(words, range)
  local told = {}
  for _, found in ipairs(vim.diagnostic.get(0)) do
    local last = found.end_lnum or found.lnum
    if found.lnum < range.last and last >= range.first - 1 then
      range = { first = math.min(range.first, found.lnum + 1), last = math.max(range.last, last + 1) }
      local line = vim.api.nvim_buf_get_lines(0, found.lnum, found.lnum + 1, false)[1] or ""
      local source = found.source and (" (%s)"):format(found.source) or ""
      told[#told + 1] = ("- at “%s”: %s%s"):format(vim.trim(line), found.message, source)
    end
  end
  if #told == 0 and words == "" then
    return say.warn("no problem is reported of these lines; say what to fix.")
  end
  local wanted = ("Fix these problems and change nothing else:\n%s\n%s"):format(table.concat(told, "\n"), words)
  M.run(vim.trim(wanted), range)
end

return M
