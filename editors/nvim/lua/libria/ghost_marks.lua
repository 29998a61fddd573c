--- Ghost text for Neovim 0.11, which has no inline completion of its own: asked when the typing pauses, shown as
--- virtual text.
local config = require("libria.config")

local M = {}

local METHOD = "textDocument/inlineCompletion"
local AUTOMATIC = 2 -- InlineCompletionTriggerKind, LSP 3.18
local space = vim.api.nvim_create_namespace("libria.ghost")

---@class libria.Ghost
---@field timer? uv.uv_timer_t
---@field request? integer the one under way
---@field text? string what the daemon suggested
---@field start? { row: integer, col: integer } where it goes

---@type table<integer, libria.Ghost> by buffer
local ghosts = {}

---@param buffer integer
local function hide(buffer)
  vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
end

---@param buffer integer
local function show(buffer)
  local ghost = ghosts[buffer]
  hide(buffer)
  local rest = ghost.text and require("libria.ghost").left(ghost.text, ghost.start)
  if not rest or rest == "" then
    ghost.text = nil
    return
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = {}
  for index, line in ipairs(vim.split(rest, "\n", { plain = true })) do
    lines[index] = { { (line:gsub("\t", (" "):rep(vim.bo[buffer].tabstop))), "LibriaGhost" } }
  end
  vim.api.nvim_buf_set_extmark(buffer, space, row - 1, col, {
    virt_text = lines[1],
    virt_text_pos = "inline",
    virt_lines = vim.list_slice(lines, 2),
    hl_mode = "combine",
  })
end

---@param buffer integer
local function cancel(buffer)
  local ghost = ghosts[buffer]
  if ghost.timer then
    ghost.timer:stop()
    ghost.timer:close()
    ghost.timer = nil
  end
  local client = require("libria.client").get()
  if ghost.request and client then
    client:cancel_request(ghost.request)
  end
  ghost.request = nil
end

---@param buffer integer
local function ask(buffer)
  local ghost = ghosts[buffer]
  local client = require("libria.client").get()
  local here = vim.api.nvim_get_current_buf() == buffer and vim.api.nvim_get_mode().mode:sub(1, 1) == "i"
  if not client or not here or vim.fn.pumvisible() == 1 or not vim.lsp.buf_is_attached(buffer, client.id) then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding) ---@type table
  params.context = { triggerKind = AUTOMATIC }
  local tick = vim.api.nvim_buf_get_changedtick(buffer)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local sent, request
  sent, request = client:request(METHOD, params, function(_, result)
    if ghosts[buffer] ~= ghost or ghost.request ~= request then
      return
    end
    ghost.request = nil
    local item = type(result) == "table" and (result.items or result)[1]
    local text = item and (type(item.insertText) == "table" and item.insertText.value or item.insertText)
    if not text or tick ~= vim.api.nvim_buf_get_changedtick(buffer) or vim.api.nvim_get_current_buf() ~= buffer then
      return
    end
    local start = { row = row - 1, col = col }
    if type(item.range) == "table" then
      local line = vim.api.nvim_buf_get_lines(buffer, item.range.start.line, item.range.start.line + 1, false)[1] or ""
      local byte = vim.str_byteindex(line, client.offset_encoding, item.range.start.character, false)
      start = { row = item.range.start.line, col = byte }
    end
    ghost.text, ghost.start = text, start
    show(buffer)
  end, buffer)
  ghost.request = sent and request or nil
end

---@param buffer integer
local function typed(buffer)
  show(buffer)
  cancel(buffer)
  ghosts[buffer].timer = vim.defer_fn(function()
    ghosts[buffer].timer = nil
    ask(buffer)
  end, config.current.ghost.debounce_ms)
end

---@param buffer integer
function M.enable(buffer)
  if ghosts[buffer] then
    return
  end
  ghosts[buffer] = {}
  local group = vim.api.nvim_create_augroup(("libria.ghost.%d"):format(buffer), {})
  vim.api.nvim_create_autocmd({ "InsertEnter", "CursorMovedI", "TextChangedI" }, {
    group = group,
    buffer = buffer,
    callback = function()
      typed(buffer)
    end,
  })
  vim.api.nvim_create_autocmd({ "InsertLeave", "BufLeave" }, {
    group = group,
    buffer = buffer,
    callback = function()
      cancel(buffer)
      ghosts[buffer].text = nil
      hide(buffer)
    end,
  })
  vim.api.nvim_create_autocmd("BufUnload", {
    group = group,
    buffer = buffer,
    callback = function()
      M.disable(buffer)
    end,
  })
end

---@param buffer integer
function M.disable(buffer)
  if not ghosts[buffer] then
    return
  end
  cancel(buffer)
  ghosts[buffer] = nil
  vim.api.nvim_del_augroup_by_name(("libria.ghost.%d"):format(buffer))
  if vim.api.nvim_buf_is_loaded(buffer) then
    hide(buffer)
  end
end

---@param much "all"|"word"|"line"
---@return boolean
function M.accept(much)
  local buffer = vim.api.nvim_get_current_buf()
  local ghost = ghosts[buffer]
  local shown = ghost and ghost.text and require("libria.ghost").left(ghost.text, ghost.start)
  if not shown or shown == "" then
    return false
  end
  vim.schedule(function()
    if ghosts[buffer] ~= ghost or vim.api.nvim_get_current_buf() ~= buffer then
      return
    end
    local rest = ghost.text and require("libria.ghost").left(ghost.text, ghost.start)
    if rest then
      hide(buffer)
      local part = require("libria.ghost").part(rest, much)
      if part == rest then
        ghost.text = nil
      end
      require("libria.ghost").put(part)
    end
  end)
  return true
end

return M
