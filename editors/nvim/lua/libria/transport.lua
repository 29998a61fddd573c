--- The forwarder's process and its messages, for `cmd` of |vim.lsp.start()|: worked through in short turns.
---
--- Neovim's own reader takes all that has come before it looks at a key again, and copies what is left for each
--- message: ten thousand deltas in one go held a key up for 250 ms. Here it never waits for more than a turn.
local M = {}

local TURN_NS = 4 * 1000000
local BREATH_MS = 1 -- between two turns: keys, timers and the screen have theirs

local DECODE = vim.fn.has("nvim-0.12") == 0 and { luanil = { object = true } } or {} -- as vim.lsp.rpc does

---@class libria.Inbox
---@field _text string what is being read
---@field _at integer where in it
---@field _chunks string[] what came behind it
---@field _held integer bytes of all that is not read
---@field _needed integer of them before it is worth looking again
local Inbox = {}
Inbox.__index = Inbox

function M.inbox()
  return setmetatable({ _text = "", _at = 1, _chunks = {}, _held = 0, _needed = 0 }, Inbox)
end

---@param chunk string
function Inbox:add(chunk)
  self._chunks[#self._chunks + 1] = chunk
  self._held = self._held + #chunk
end

--- The next message's body, nil where it has not come whole. Raises on what is no message.
---@return string?
function Inbox:next()
  if self._held == 0 or self._held < self._needed then
    return nil
  end
  local head, stop = self:_find()
  if not stop and #self._chunks > 0 then
    table.insert(self._chunks, 1, self._text:sub(self._at))
    self._text, self._at, self._chunks = table.concat(self._chunks), 1, {}
    head, stop = self:_find()
  end
  if not stop then
    return nil
  end
  local body = self._text:sub(head + 4, stop)
  self._held, self._needed = self._held - (stop - self._at + 1), 0
  self._at = stop + 1
  return body
end

--- Where the head of the next message ends, and where the message does, if that has come.
---@return integer? head
---@return integer? stop
function Inbox:_find()
  local head = self._text:find("\r\n\r\n", self._at, true)
  if not head then
    return nil
  end
  local length = self._text:sub(self._at, head):lower():match("content%-length: *(%d+)")
  assert(length, "libria: a message without its length")
  local stop = head + 3 + tonumber(length)
  self._needed = stop - self._at + 1
  return head, stop <= #self._text and stop or nil
end

---@class libria.Transport
---@field dispatchers vim.lsp.rpc.Dispatchers
---@field system vim.SystemObj
---@field inbox libria.Inbox
---@field waits boolean a turn is coming
---@field broken? boolean what came was no message: nothing more is read
---@field ended? { code: integer, signal: integer }
---@field count integer requests so far
---@field answers table<integer, fun(err?: table, result: any, id: integer)> by request
---@field heard table<integer, fun(id: integer)> told of any answer, a cancelled request's as well
local Transport = {}
Transport.__index = Transport

---@param message table
---@return boolean
function Transport:send(message)
  if self.system:is_closing() then
    return false
  end
  message.jsonrpc = "2.0"
  local body = vim.json.encode(message)
  self.system:write(("Content-Length: %d\r\n\r\n%s"):format(#body, body))
  return true
end

---@param kind string of vim.lsp.rpc.client_errors
---@param go function
---@return boolean
---@return any ...
function Transport:try(kind, go, ...)
  local found = { pcall(go, ...) }
  if not found[1] then
    self.dispatchers.on_error(vim.lsp.rpc.client_errors[kind], found[2])
  end
  return unpack(found, 1, 3)
end

--- A handler may wait for the user: it runs in a coroutine.
---@param message table
function Transport:serve(message)
  coroutine.wrap(function()
    local served = self.dispatchers.server_request
    local ok, result, err = self:try("SERVER_REQUEST_HANDLER_ERROR", served, message.method, message.params)
    if not ok then
      err = vim.lsp.rpc.rpc_response_error(vim.lsp.protocol.ErrorCodes.InternalError)
    elseif result == nil and err == nil then
      result = vim.NIL
    end
    self:send({ id = message.id, result = ok and result or nil, error = err })
  end)()
end

---@param message table
function Transport:answered(message)
  local id = message.id
  local heard, answer = self.heard[id], self.answers[id]
  self.heard[id], self.answers[id] = nil, nil
  if heard then
    self:try("SERVER_RESULT_CALLBACK_ERROR", heard, id)
  end
  local err = message.error ~= vim.NIL and message.error or nil
  if err and err.code == vim.lsp.protocol.ErrorCodes.RequestCancelled then
    return -- whoever cancelled it knows; Neovim keeps it to itself too
  end
  if answer then
    self:try("SERVER_RESULT_CALLBACK_ERROR", answer, err, message.result, id)
  end
end

---@param body string
function Transport:handle(body)
  local message = vim.json.decode(body, DECODE)
  if message.method == nil then
    self:answered(message)
  elseif message.id ~= nil and message.id ~= vim.NIL then
    self:serve(message)
  else
    self:try("NOTIFICATION_HANDLER_ERROR", self.dispatchers.notification, message.method, message.params)
  end
end

function Transport:turn()
  self.waits = false
  local stop = vim.uv.hrtime() + TURN_NS
  local ok, fault = pcall(function()
    for body in
      function()
        return not self.broken and self.inbox:next() or nil
      end
    do
      self:handle(body)
      if vim.uv.hrtime() > stop then
        self.waits = true
        vim.defer_fn(function()
          self:turn()
        end, BREATH_MS)
        return
      end
    end
  end)
  if not ok then
    self.broken = true
    self.dispatchers.on_error(vim.lsp.rpc.client_errors.INVALID_SERVER_MESSAGE, fault)
    self.system:kill(15)
  end
  if self.ended and not self.waits then
    self.dispatchers.on_exit(self.ended.code, self.ended.signal)
  end
end

--- Something came; called where Neovim's functions may not be.
function Transport:soon()
  if not self.waits then
    self.waits = true
    vim.schedule(function()
      self:turn()
    end)
  end
end

--- The `cmd` of a client whose server is that command. Raises where it cannot be started.
---@param cmd string[]
---@return fun(dispatchers: vim.lsp.rpc.Dispatchers): vim.lsp.rpc.PublicClient
function M.of(cmd)
  return function(dispatchers)
    local self = setmetatable({ dispatchers = dispatchers, inbox = M.inbox(), waits = false }, Transport)
    self.count, self.answers, self.heard = 0, {}, {}
    self.system = vim.system(cmd, {
      stdin = true,
      stdout = function(_, chunk)
        if chunk then
          self.inbox:add(chunk)
          self:soon()
        end
      end,
      stderr = function(_, chunk)
        if chunk then
          vim.lsp.log.error("rpc", cmd[1], "stderr", chunk)
        end
      end,
      detach = vim.fn.has("win32") == 0,
    }, function(done)
      self.ended = { code = done.code, signal = done.signal }
      self:soon()
    end)
    return {
      request = function(method, params, answer, heard)
        local id = self.count + 1
        if not self:send({ id = id, method = method, params = params }) then
          return false
        end
        self.count, self.answers[id], self.heard[id] = id, answer, heard
        return true, id
      end,
      notify = function(method, params)
        return self:send({ method = method, params = params })
      end,
      is_closing = function()
        return self.system:is_closing()
      end,
      terminate = function()
        self.system:kill(15)
      end,
    }
  end
end

return M
