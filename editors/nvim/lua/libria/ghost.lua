--- Ghost text: what the daemon suggests while one types, by the editor's own means where it has them.
local config = require("libria.config")

local M = {}

local native = vim.lsp.inline_completion ~= nil -- since 0.12

---@type table<integer, boolean> by buffer: the user's choice, or that of the filetype
local on = {}

---@param buffer integer
---@return boolean
local function fits(buffer)
  local wanted = config.current.ghost.filetypes
  local filetype = vim.bo[buffer].filetype
  local listed = vim.list_contains(wanted, filetype) or vim.list_contains(wanted, "*")
  return listed and vim.bo[buffer].buftype == "" and vim.bo[buffer].modifiable
end

---@param client vim.lsp.Client
---@param buffer integer
local function attach(client, buffer)
  if not vim.lsp.buf_is_attached(buffer, client.id) then
    vim.lsp.buf_attach_client(buffer, client.id)
  end
  if native then
    vim.lsp.inline_completion.enable(true, { bufnr = buffer })
  else
    require("libria.ghost_marks").enable(buffer)
  end
end

--- The client has (re)started: the buffers are shown to it.
function M.attach_all()
  local client = require("libria.client").get()
  for buffer in pairs(on) do
    if client and client.initialized and vim.api.nvim_buf_is_loaded(buffer) then
      attach(client, buffer)
    end
  end
end

---@param buffer integer
function M.enable(buffer)
  on[buffer] = true
  local client, problem = require("libria.client").start()
  if not client then
    on[buffer] = nil
    return require("libria.say").warn(problem or "")
  end
  M.attach_all()
end

---@param buffer integer
function M.disable(buffer)
  on[buffer] = nil
  local client = require("libria.client").get()
  if native then
    vim.lsp.inline_completion.enable(false, { bufnr = buffer })
  else
    require("libria.ghost_marks").disable(buffer)
  end
  if client and vim.lsp.buf_is_attached(buffer, client.id) then
    vim.lsp.buf_detach_client(buffer, client.id)
  end
end

--- For the current buffer.
function M.toggle()
  local buffer = vim.api.nvim_get_current_buf()
  local was = on[buffer]
  if was then
    M.disable(buffer)
  else
    M.enable(buffer)
  end
  require("libria.say").say(("completion while typing is %s here."):format(was and "off" or "on"))
end

--- Whether the buffer has it.
---@param buffer? integer
---@return boolean
function M.is_on(buffer)
  return on[buffer or vim.api.nvim_get_current_buf()] == true
end

--- The first part of the text: all, to the end of a line, or to the end of a word.
---@param text string
---@param much "all"|"word"|"line"
---@return string
function M.part(text, much)
  if much == "line" then
    return text:match("^\n?[^\n]*")
  elseif much == "word" then
    return text:match("^%s*[%w_\128-\255]+") or text:match("^%s*[^%w%s]+") or text
  end
  return text
end

--- Put it in front of the cursor, which goes behind it.
---@param text string
function M.put(text)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, "\n", { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, col, row - 1, col, lines)
  local last = #lines[#lines] + (#lines == 1 and col or 0)
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, last })
end

--- What of the text is not there yet: it may begin with what was typed meanwhile. Nil where it does not fit any more.
---@param text string the item's
---@param start? { row: integer, col: integer } where it goes, 0-based bytes; the cursor's place where it does not say
---@return string?
function M.left(text, start)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  if not start then
    return text
  end
  if start.row ~= row - 1 or start.col > col then
    return nil
  end
  local typed = vim.api.nvim_get_current_line():sub(start.col + 1, col)
  return vim.startswith(text, typed) and text:sub(#typed + 1) or nil
end

---@param much "all"|"word"|"line"
---@return boolean
local function accept_native(much)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local text = type(item.insert_text) == "string" and item.insert_text
      if much == "all" or not text then
        return item
      end
      local row, col
      if item.range then
        row, col = item.range:to_extmark()
      end
      local rest = M.left(text, row and { row = row, col = col } or nil)
      if rest then
        M.put(M.part(rest, much))
      end
    end,
  })
end

--- Take what is shown, or its first word or line. False where nothing is shown, so that a key can do what it did:
--- see |libria-ghost|. It may be called in an <expr> map: the text comes a moment later.
---@param much? "all"|"word"|"line"
---@return boolean
function M.accept(much)
  if native then
    return accept_native(much or "all")
  end
  return require("libria.ghost_marks").accept(much or "all")
end

--- As the options have it.
function M.set_up()
  local group = vim.api.nvim_create_augroup("libria.ghost", {})
  for buffer in pairs(on) do
    if not fits(buffer) then
      M.disable(buffer)
    end
  end
  if #config.current.ghost.filetypes == 0 then
    return
  end
  local function look(buffer)
    if fits(buffer) and not on[buffer] then
      M.enable(buffer)
    end
  end
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    callback = function(event)
      look(event.buf)
    end,
  })
  vim.api.nvim_create_autocmd("BufUnload", {
    group = group,
    callback = function(event)
      on[event.buf] = nil
    end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      look(buffer)
    end
  end
end

return M
