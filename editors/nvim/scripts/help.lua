--- Writes doc/libria.txt: scripts/help.txt with what the plugin itself knows of its commands, maps and options.
--- nvim -l scripts/help.lua [--check]
local root = vim.fs.dirname(vim.fs.dirname(vim.fs.normalize(vim.fn.fnamemodify(arg[0], ":p"))))
vim.opt.runtimepath:prepend(root)
local WIDTH = 78

---@param path string
---@return string
local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

--- `head`, and the words behind it from `column` on.
---@param head string
---@param words string
---@param column integer
---@return string
local function item(head, words, column)
  local lines = { head }
  if #head >= column then
    lines[2] = ""
  end
  for word in words:gmatch("%S+") do
    local last = lines[#lines]
    local full = vim.fn.strdisplaywidth(last) + 1 + vim.fn.strdisplaywidth(word) > WIDTH
    if full then
      lines[#lines + 1] = (" "):rep(column) .. word
    elseif #last < column then
      lines[#lines] = last .. (" "):rep(column - vim.fn.strdisplaywidth(last)) .. word
    else
      lines[#lines] = last .. " " .. word
    end
  end
  return table.concat(lines, "\n")
end

--- The fields of a class of types.lua, or another file's.
---@param class string
---@param file? string
---@param prefix? string
---@return string[]
local function fields(class, file, prefix)
  local found = {}
  local text = read(("%s/lua/libria/%s"):format(root, file or "types.lua"))
  local body = assert(text:match("%-%-%-@class " .. vim.pesc(class) .. "[^\n]*\n(.-)\n\n"))
  for name, rest in body:gmatch("%-%-%-@field (%S+) ([^\n]*)") do
    local kind, about = rest:match("^(fun%b()[:%s]*%w*) ?(.*)$")
    if not kind then
      kind, about = rest:match("^(%b{}) ?(.*)$")
    end
    if not kind then
      kind, about = rest:match("^(%S+) ?(.*)$")
    end
    local shown = (prefix or "") .. name:gsub("%?$", "")
    found[#found + 1] = item("  " .. shown, ("(%s) %s"):format(vim.trim(kind):gsub('"', ""), about), 24)
  end
  return found
end

local function commands()
  local all = require("libria.commands").all
  local found = {}
  for _, name in ipairs(require("libria.commands").names()) do
    found[#found + 1] = item("  " .. name, all[name].about, 12)
  end
  table.insert(found, 1, "`:[range]Libria[!] {command} [words]`; <Tab> completes.\n")
  return found
end

local MODES = { n = "Normal", x = "Visual", i = "Insert" }

local function maps()
  local found = {}
  for _, map in ipairs(require("libria.maps").all) do
    local modes = {}
    for mode in map.modes:gmatch(".") do
      modes[#modes + 1] = MODES[mode]
    end
    local words = ("%s (%s)"):format(map.about, table.concat(modes, ", "))
    found[#found + 1] = item(("  <Plug>(libria-%s)"):format(map.name), words, 34)
  end
  return found
end

local function highlights()
  local found = {}
  for _, group in ipairs(require("libria.highlights").all) do
    found[#found + 1] = item("  " .. group.name, ("%s; linked to %s"):format(group.about, group.link), 24)
  end
  return found
end

local PARTS = {
  options = function()
    return vim.list_extend(fields("libria.Options"), fields("libria.GhostOptions", nil, "ghost."))
  end,
  commands = commands,
  maps = maps,
  highlights = highlights,
  chat = function()
    return fields("libria.ChatOptions")
  end,
  event = function()
    return fields("libria.Event", "events.lua")
  end,
}

local text = read(root .. "/scripts/help.txt"):gsub("@(%l+)@", function(name)
  return table.concat(PARTS[name](), "\n")
end)
local target = root .. "/doc/libria.txt"
if arg[1] == "--check" then
  if vim.uv.fs_stat(target) and read(target) == text then
    os.exit(0)
  end
  io.stderr:write("doc/libria.txt is not what the plugin has: nvim -l editors/nvim/scripts/help.lua\n")
  os.exit(1)
end
local file = assert(io.open(target, "w"))
file:write(text)
file:close()
