--- What the user may set, and what counts where nothing is set.
local M = {}

---@type libria.Config
M.defaults = {
  cmd = nil, -- found on PATH, else through `uvx`
  model = nil, -- the daemon's own default
  system = nil,
  batch_ms = 40,
  progress = true,
  context_lines = 200,
  ghost = { filetypes = {}, debounce_ms = 150 },
}

local OPTIONAL = { cmd = true, model = true, system = true }

---@type libria.Config
M.current = vim.deepcopy(M.defaults)

---@param options table
---@param known table
---@param path string
local function check(options, known, path)
  for name, value in pairs(options) do
    if known[name] == nil and not (path == "" and OPTIONAL[name]) then
      error(("libria.setup: there is no option %q; see :help libria-options"):format(path .. name), 0)
    end
    local wanted = known[name] ~= nil and type(known[name]) or (name == "cmd" and "table" or "string")
    if type(value) ~= wanted then
      error(("libria.setup: %s%s is a %s; see :help libria-options"):format(path, name, wanted), 0)
    end
    if wanted == "table" and not vim.islist(value) then
      check(value, known[name], path .. name .. ".")
    end
  end
end

--- Raises an error that names what is not known.
---@param options? libria.Options
function M.set(options)
  check(options or {}, M.defaults, "")
  M.current = vim.tbl_deep_extend("force", vim.deepcopy(M.defaults), options or {})
end

--- The command `libria` itself, or nil and a sentence that says what to do.
---@return string[]?
---@return string?
function M.program()
  local cmd = M.current.cmd
  if cmd then
    return cmd[#cmd] == "stdio" and vim.list_slice(cmd, 1, #cmd - 1) or { cmd[1] }
  end
  if vim.fn.executable("libria") == 1 then
    return { "libria" }
  end
  if vim.fn.executable("uvx") == 1 then
    return { "uvx", "libria" }
  end
  return nil, "The command libria is not on PATH: `pip install libria`, or set `cmd` in setup()."
end

--- The command that starts the forwarder, or nil and a sentence that says what to do.
---@return string[]?
---@return string?
function M.command()
  if M.current.cmd then
    return M.current.cmd
  end
  local program, problem = M.program()
  return program and vim.list_extend(program, { "stdio" }), problem
end

return M
