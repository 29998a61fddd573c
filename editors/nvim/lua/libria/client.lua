--- The one LSP client of this Neovim, over `libria stdio`, and the calls that it has under way.
local config = require("libria.config")

local M = {}

local NAME = "libria"
local CANCELLED = -32800

---@type integer?
local client_id
---@type table<string, libria.Call> by partialResultToken
local calls = {}
local counter = 0
---@type fun()[] what waits for the client's initialization
local waiting = {}

---@class libria.Call
---@field token string
---@field request? integer
---@field client_id? integer
---@field on_progress fun(value: table)
---@field on_done fun(err?: libria.Error, result?: table)

local MINE = { start = true, delta = true, reasoning = true, toolCall = true, status = true, reset = true }

--- Ours are handed to their calls; all else goes where Neovim and its plugins look for it.
local function on_progress(err, params, ctx)
  local call = params and calls[params.token]
  if call and type(params.value) == "table" and MINE[params.value.kind] then
    call.on_progress(params.value)
    return
  end
  local default = vim.lsp.handlers["$/progress"]
  if default then
    return default(err, params, ctx)
  end
end

---@param call libria.Call
---@param err? libria.Error
---@param result? table
local function finish(call, err, result)
  if calls[call.token] ~= call then
    return -- once only: a cancelled call is over for its owner at once
  end
  calls[call.token] = nil
  call.on_done(err, result)
end

---@param code integer
---@param id integer
local function on_exit(code, id)
  if client_id ~= id then
    return -- another has been started in its place
  end
  client_id = nil
  waiting = {}
  for _, call in pairs(vim.tbl_extend("force", {}, calls)) do
    if call.client_id == id then
      finish(call, { message = ("The libria process ended (%d); the next question starts it again."):format(code) })
    end
  end
end

--- What this Neovim can do, and that the daemon may suggest code. One encoding, that of most servers: Neovim warns
--- where the clients of one buffer differ.
local function capabilities()
  local able = vim.lsp.protocol.make_client_capabilities()
  able.general = able.general or {}
  able.general.positionEncodings = { "utf-16" }
  able.textDocument.inlineCompletion = able.textDocument.inlineCompletion or { dynamicRegistration = false }
  return able
end

---@return vim.lsp.Client?
function M.get()
  local client = client_id and vim.lsp.get_client_by_id(client_id)
  return client and not client:is_stopped() and client or nil
end

--- The running client, started where none runs; nil and a sentence where it cannot be.
---@return vim.lsp.Client?
---@return string?
function M.start()
  local running = M.get()
  if running then
    return running
  end
  local cmd, problem = config.command()
  if not cmd then
    return nil, problem
  end
  local ok, id = pcall(vim.lsp.start, {
    name = NAME,
    cmd = require("libria.transport").of(cmd),
    capabilities = capabilities(),
    handlers = { ["$/progress"] = on_progress },
    on_init = function()
      local ready = waiting
      waiting = {}
      for _, go in ipairs(ready) do
        go()
      end
      require("libria.ghost").attach_all()
    end,
    on_exit = vim.schedule_wrap(function(code, _, ended)
      on_exit(code, ended)
    end),
  }, { attach = false, silent = true })
  if not ok or not id then
    return nil, ("libria could not be started (%s); see :checkhealth libria"):format(table.concat(cmd, " "))
  end
  client_id = id
  return M.get()
end

---@param client vim.lsp.Client
---@param go fun()
local function when_ready(client, go)
  if client.initialized then
    go()
  else
    waiting[#waiting + 1] = go
  end
end

--- One request that may stream. `on_done` is called exactly once, later, also after a cancel.
---@param method string
---@param params table
---@param on_done fun(err?: libria.Error, result?: table)
---@param on_value? fun(value: table) each value of its progress, in order
---@return libria.Handle
function M.request(method, params, on_done, on_value)
  counter = counter + 1
  local token = ("libria.nvim-%d-%d"):format(vim.fn.getpid(), counter)
  ---@type libria.Call
  local call = { token = token, on_done = on_done, on_progress = on_value or function() end }
  calls[token] = call
  local client, problem = M.start()
  if not client then
    vim.schedule(function()
      finish(call, { message = problem })
    end)
  else
    call.client_id = client.id
    params = vim.tbl_extend("force", params, on_value and { partialResultToken = token } or {})
    when_ready(client, function()
      if calls[token] ~= call then
        return -- cancelled before it was asked
      end
      local sent, request = client:request(method, params, function(err, result)
        finish(call, err, result)
      end)
      if sent then
        call.request = request
      else
        finish(call, { message = "The libria process is ending; ask again." })
      end
    end)
  end
  return {
    token = token,
    is_over = function()
      return calls[token] ~= call
    end,
    cancel = function()
      if calls[token] ~= call then
        return false
      end
      if call.request and client then
        client:cancel_request(call.request)
      end
      -- The answer to a cancelled request never reaches its handler: it is over here and now.
      vim.schedule(function()
        finish(call, { code = CANCELLED, message = "Cancelled." })
      end)
      call.on_progress = function() end
      return true
    end,
  }
end

--- Calls that were asked and are not over.
---@return integer
function M.under_way()
  return vim.tbl_count(calls)
end

function M.stop()
  local client = M.get()
  if client then
    client:stop()
  end
end

return M
