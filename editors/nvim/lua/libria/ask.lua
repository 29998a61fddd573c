--- `:Libria ask`: a conversation in a scratch window of markdown.
local say = require("libria.say")

local M = {}

local space = vim.api.nvim_create_namespace("libria.ask")

---@class libria.Talk
---@field messages table[] what was said so far, as libria/chat takes it
---@field handle? libria.Handle

---@type table<integer, libria.Talk> by buffer
local talks = {}
---@type integer? the last one's buffer
local latest

---@param buffer integer
---@param lines string[]
---@return integer row of the first one, 0-based
local function append(buffer, lines)
  local count = vim.api.nvim_buf_line_count(buffer)
  local last = vim.api.nvim_buf_get_lines(buffer, count - 1, count, true)[1]
  local from = (count == 1 and last == "") and 0 or count
  vim.api.nvim_buf_set_lines(buffer, from, -1, true, lines)
  return from
end

---@param buffer integer
local function show(buffer)
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.api.nvim_win_get_buf(window) == buffer then
      return vim.api.nvim_set_current_win(window)
    end
  end
  vim.cmd("botright split")
  vim.api.nvim_win_set_buf(0, buffer)
  vim.wo.wrap, vim.wo.linebreak, vim.wo.number, vim.wo.relativenumber = true, true, false, false
end

---@param buffer integer
local function cancel(buffer)
  local talk = talks[buffer]
  if talk and talk.handle then
    talk.handle.cancel()
  end
end

---@return integer
local function new()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].filetype = "markdown"
  vim.bo[buffer].bufhidden = "hide"
  pcall(vim.api.nvim_buf_set_name, buffer, ("libria://ask/%d"):format(buffer))
  talks[buffer] = { messages = {} }
  vim.keymap.set("n", "<C-c>", function()
    cancel(buffer)
  end, { buffer = buffer, desc = "Libria: cancel the answer" })
  vim.keymap.set("n", "<CR>", "<Cmd>Libria ask<CR>", { buffer = buffer, desc = "Libria: ask on" })
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = buffer,
    callback = function()
      cancel(buffer)
      talks[buffer] = nil
    end,
  })
  return buffer
end

--- What becomes of the conversation: what was answered, or left in the middle, belongs to it; a question that failed
--- may be asked again.
---@param buffer integer
---@param text string what came
---@param err? libria.Error
---@param result? table
local function over(buffer, text, err, result)
  local messages = talks[buffer].messages
  if result then
    table.insert(messages, result.message)
  elseif err and err.code == -32800 and text ~= "" then
    table.insert(messages, { role = "assistant", content = text })
  else
    table.remove(messages)
  end
  if err then
    local apart = vim.api.nvim_buf_get_lines(buffer, -2, -1, true)[1] == ""
    local said = "> " .. err.message:gsub("\n", "\n> ")
    local row = append(buffer, vim.split((apart and "" or "\n") .. said, "\n", { plain = true }))
    vim.api.nvim_buf_set_extmark(buffer, space, row + (apart and 0 or 1), 0, { line_hl_group = "LibriaError" })
  end
end

---@param buffer integer
---@param question string
local function put(buffer, question)
  local talk = talks[buffer]
  if talk.handle and not talk.handle.is_over() then
    return say.warn("the answer is still coming; <C-c> cancels it.")
  end
  table.insert(talk.messages, { role = "user", content = question })
  local heading = vim.split("## " .. question .. "\n\n", "\n", { plain = true })
  if #talk.messages > 1 or vim.api.nvim_buf_line_count(buffer) > 1 then
    table.insert(heading, 1, "")
  end
  local row = append(buffer, heading)
  local title = heading[1] == "" and row + 1 or row
  vim.api.nvim_buf_set_extmark(buffer, space, title, 0, { line_hl_group = "LibriaUser" })
  local last = vim.api.nvim_buf_line_count(buffer)
  vim.api.nvim_win_set_cursor(0, { last, 0 })
  local text = {}
  talk.handle = require("libria.answer").into(buffer, last - 1, 0, {
    chat = {
      messages = talk.messages,
      system = require("libria.config").current.system,
      on_delta = function(piece)
        text[#text + 1] = piece
      end,
      on_reset = function()
        text = {}
      end,
    },
    on_done = function(err, result)
      if talks[buffer] then
        over(buffer, table.concat(text), err, result)
      end
    end,
  })
end

--- Ask on in the conversation that is current, or was last, or in a new one.
---@param words string
---@param range? libria.Lines what of the current buffer is shown to the model
---@param afresh? boolean
function M.open(words, range, afresh)
  local here = vim.api.nvim_get_current_buf()
  local question = range and require("libria.prompts").about(here, range, words) or words
  local buffer = talks[here] and here or latest
  if afresh or not buffer or not vim.api.nvim_buf_is_valid(buffer) or not talks[buffer] then
    buffer = new()
  end
  latest = buffer
  show(buffer)
  put(buffer, question)
end

return M
