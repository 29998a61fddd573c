--- An answer that streams into a buffer: asked, waited for, written, cancelled with the text that it wrote.
local M = {}

---@class libria.AnswerOptions
---@field chat libria.ChatOptions what is asked
---@field unfence? boolean the answer goes into a file: a fence around it is taken off
---@field on_done? fun(err?: libria.Error, result?: table) when all is written; else a failure is said

--- The answer is written at (row, col), 0-based bytes. Whoever undoes or deletes it while it streams does not want it.
---@param buffer integer
---@param row integer
---@param col integer
---@param o libria.AnswerOptions
---@return libria.Handle
function M.into(buffer, row, col, o)
  local unfence = o.unfence and require("libria.unfence").new()
  local waiting = require("libria.waiting").at(buffer, row)
  ---@type libria.Handle
  local handle
  local stream = require("libria.stream").at(buffer, row, col, function()
    if handle then
      handle.cancel()
    end
  end)
  local chat = vim.tbl_extend("force", o.chat, {
    on_status = function(value)
      waiting.show(require("libria.waiting").words(value))
    end,
    on_reasoning = function()
      waiting.show("thinking")
    end,
    on_delta = function(text)
      waiting.hide()
      if o.chat.on_delta then
        o.chat.on_delta(text)
      end
      stream:add(unfence and unfence:add(text) or text)
    end,
    on_reset = function(reason)
      if o.chat.on_reset then
        o.chat.on_reset(reason)
      end
      unfence = unfence and require("libria.unfence").new()
      stream:reset()
      waiting.show("again")
    end,
    on_done = function(err, result)
      waiting.hide()
      if unfence then
        stream:add(unfence:finish())
      end
      stream:close()
      if o.on_done then
        o.on_done(err, result)
      else
        require("libria.say").failure(err)
      end
    end,
  })
  handle = require("libria.jobs").add(require("libria").chat(chat))
  return handle
end

return M
