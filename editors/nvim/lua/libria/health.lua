--- `:checkhealth libria`
local config = require("libria.config")

local M = {}

local NEEDS = "0.1.0" -- the first daemon that speaks what this plugin speaks
local WITHIN_MS = 20000

---@param command string[]
---@return string? output nil where it could not be run
---@return string? problem
local function run(command)
  local ok, running = pcall(vim.system, command, { text = true, timeout = WITHIN_MS })
  if not ok then
    return nil, ("%s cannot be run."):format(command[1])
  end
  local done = running:wait()
  if done.stdout == "" then
    return nil, vim.trim(done.stderr or "")
  end
  return done.stdout
end

---@param program string[]
---@return boolean
local function check_program(program)
  local said, problem = run(vim.list_extend(vim.list_slice(program), { "--version" }))
  local version = said and said:match("(%d+%.%d+[%w.]*)")
  if not version then
    vim.health.error(("`%s --version` failed: %s"):format(table.concat(program, " "), problem or said), {
      "pip install libria",
    })
    return false
  end
  if vim.version.lt(version, NEEDS) then
    vim.health.error(("libria %s is older than %s, which this plugin needs."):format(version, NEEDS), {
      "pip install --upgrade libria",
    })
    return false
  end
  vim.health.ok(("libria %s (%s)"):format(version, vim.fn.exepath(program[1])))
  return true
end

---@param found table what `libria doctor --json` says
local function check_daemon(found)
  local daemon = found.daemon
  local ours = found.versions.libria
  if daemon.fault and daemon.fault ~= vim.NIL then
    vim.health.error("The daemon: " .. daemon.fault)
  elseif not daemon.running then
    vim.health.info("No daemon runs; the first question starts it.")
  elseif daemon.version ~= ours then
    vim.health.warn(("The daemon is %s, the command %s."):format(daemon.version, ours), { "libria stop" })
  else
    vim.health.ok(("The daemon runs (process %d)."):format(daemon.pid))
  end
  local client = require("libria.client").get()
  vim.health.info(client and "This Neovim is connected." or "This Neovim is not connected yet.")
end

---@param found table
local function check_providers(found)
  for _, provider in ipairs(found.providers) do
    local key = provider.key
    local wanted = key.state == "found" or provider.configured -- what nobody set up cannot be at fault
    if wanted and provider.fault and provider.fault ~= vim.NIL then
      vim.health.error(("%s: %s"):format(provider.title, provider.fault))
    elseif key.state == "found" then
      vim.health.ok(("%s: key from %s"):format(provider.title, key.source))
    end
  end
  if #found.usable == 0 then
    vim.health.error("No provider can be used.", {
      "Set the key of one, e.g. OPENAI_API_KEY, where Neovim is started; or start Ollama.",
      "To try without any: :Libria models simulate/story",
    })
  else
    vim.health.ok("Usable: " .. table.concat(found.usable, ", "))
  end
end

function M.check()
  vim.health.start("libria: the command")
  local program, problem = config.program()
  if not program then
    return vim.health.error(problem or "")
  end
  if not check_program(program) then
    return
  end
  local said, fault = run(vim.list_extend(vim.list_slice(program), { "doctor", "--json" }))
  local ok, found = pcall(vim.json.decode, said or "")
  if not ok then
    return vim.health.error("`libria doctor --json` failed: " .. (fault or "it is not JSON."))
  end
  vim.health.start("libria: the daemon")
  check_daemon(found)
  vim.health.start("libria: keys")
  check_providers(found)
  for _, fault_found in ipairs(found.faults) do
    vim.health.warn(type(fault_found) == "string" and fault_found or vim.inspect(fault_found))
  end
  vim.health.start("libria: this Neovim")
  local native = vim.lsp.inline_completion and "vim.lsp.inline_completion" or "the plugin's own (Neovim 0.11)"
  vim.health.info("Ghost text: " .. native)
  local filetypes = config.current.ghost.filetypes
  vim.health.info("Offered in: " .. (#filetypes > 0 and table.concat(filetypes, ", ") or "no filetype"))
end

return M
