--- `:Libria …`: which word does what, and what completes it.
local say = require("libria.say")

local M = {}

--- What each command gets: the words behind it, and the lines that it is about.
---@class libria.Context
---@field words string
---@field range? libria.Lines as given
---@field lines libria.Lines the range, else the cursor's line
---@field bang boolean

---@class libria.Command
---@field about string the help's text
---@field asks? string the user is asked for the words where none are given
---@field complete? fun(lead: string): string[]
---@field run fun(context: libria.Context)

---@param lead string
---@return string[]
local function one(lead)
  return vim.startswith("one", lead) and { "one" } or {}
end

---@param act fun(range?: libria.Lines, nearest?: boolean)
---@return fun(context: libria.Context)
local function choose(act)
  return function(c)
    local nearest = c.words == "one"
    act((nearest or c.range) and c.lines or nil, nearest)
  end
end

---@type table<string, libria.Command>
M.all = {
  ask = {
    about = "Ask, in a window that the answer streams into; asked again, the conversation goes on. With a range the "
      .. "model sees these lines. With `!` a new conversation begins.",
    asks = "Ask: ",
    run = function(c)
      require("libria.ask").open(c.words, c.range, c.bang)
    end,
  },
  edit = {
    about = "Have the lines of the range, or the cursor's, rewritten. The differences are shown, and nothing is "
      .. "changed before `:Libria accept`.",
    asks = "Edit: ",
    run = function(c)
      require("libria.edit").run(c.words, c.lines)
    end,
  },
  insert = {
    about = "Have text written at the cursor, as it comes.",
    asks = "Insert: ",
    run = function(c)
      require("libria.insert").run(c.words)
    end,
  },
  explain = {
    about = "Have the lines of the range, or the cursor's, explained, in the window of `ask`.",
    run = function(c)
      local words = c.words ~= "" and c.words or "Explain what this does."
      require("libria.ask").open(words, c.lines, true)
    end,
  },
  fix = {
    about = "Have what diagnostics report of the lines mended; offered as `edit` does.",
    run = function(c)
      require("libria.edit").fix(c.words, c.lines)
    end,
  },
  commit = {
    about = "Write the message for what is staged into the commit buffer, or at the cursor.",
    run = function(c)
      require("libria.commit").run(c.words)
    end,
  },
  accept = {
    about = "Make the changes that are shown: all, those of the range, or with `one` the one nearest to the cursor. "
      .. "`u` takes them back in one step.",
    complete = one,
    run = choose(function(...)
      require("libria.review").accept(...)
    end),
  },
  reject = {
    about = "Leave the lines as they are; chosen as for `accept`.",
    complete = one,
    run = choose(function(...)
      require("libria.review").reject(...)
    end),
  },
  models = {
    about = "Choose the model that answers from now on, from a list or by its name.",
    complete = function(lead)
      return require("libria.models").complete(lead)
    end,
    run = function(c)
      if c.words ~= "" then
        require("libria.models").use(c.words)
      else
        require("libria.models").pick()
      end
    end,
  },
  status = {
    about = "How the daemon is doing, and why the last call that failed did.",
    run = function()
      require("libria.status").show()
    end,
  },
  cancel = {
    about = "Cancel whatever this Neovim waits for. The provider is hung up on.",
    run = function()
      local stopped = require("libria.jobs").cancel_all()
      say.say(stopped == 0 and "nothing is under way." or ("%d cancelled."):format(stopped))
    end,
  },
  ghost = {
    about = "Switch completion while typing on or off in this buffer.",
    run = function()
      require("libria.ghost").toggle()
    end,
  },
  log = {
    about = "Follow the daemon's log in a terminal.",
    run = function()
      local program, problem = require("libria.config").program()
      if not program then
        return say.error(problem or "")
      end
      vim.cmd.tabnew()
      vim.fn.jobstart(vim.list_extend(program, { "log", "--follow" }), { term = true })
      vim.cmd("normal! G") -- only a cursor in the last line goes along with what comes
    end,
  },
}

---@return string[]
function M.names()
  local names = vim.tbl_keys(M.all)
  table.sort(names)
  return names
end

---@param command libria.Command
---@param context libria.Context
local function go(command, context)
  if context.words ~= "" or not command.asks then
    return command.run(context)
  end
  vim.ui.input({ prompt = command.asks }, function(typed)
    if typed and typed ~= "" then
      context.words = typed
      command.run(context)
    end
  end)
end

---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name, words = command.args:match("^%s*(%S+)%s*(.-)%s*$")
  if not name then
    return say.say("which command? <Tab> shows what there is.")
  end
  local found = M.all[name]
  if not found then
    return say.error(("there is no :Libria %s; <Tab> shows what there is."):format(name:sub(1, 20)))
  end
  local lines = { first = command.line1, last = command.line2 }
  go(found, { words = words, lines = lines, range = command.range > 0 and lines or nil, bang = command.bang })
end

--- What was selected last, without Visual mode being on any more.
---@return libria.Lines
local function selected()
  local first, last = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  local found = { first = first[2], last = last[2] }
  local line = vim.fn.getline(found.last)
  local stop = last[3] - 1
  if vim.o.selection ~= "exclusive" then
    stop = stop + #vim.fn.matchstr(line, ".", stop) -- with the accents that stand on it
  end
  stop = math.min(stop, #line)
  local whole = first[3] == 1 and stop == #line
  local empty = found.first == found.last and stop < first[3]
  if vim.fn.visualmode() == "v" and not whole and not empty then
    found.columns = { first[3] - 1, stop }
  end
  return found
end

--- The command for what was selected, down to the character; a range of the command line knows lines alone.
---@param name string
function M.run_selected(name)
  local lines = selected()
  go(M.all[name], { words = "", lines = lines, range = lines, bang = false })
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local before = line:match("Libria!?%s+(.*)$") or ""
  if before:match("^%S*$") then
    return vim.tbl_filter(function(name)
      return vim.startswith(name, lead)
    end, M.names())
  end
  local found = M.all[before:match("^%S+")]
  return found and found.complete and before:match("^%S+%s+%S*$") and found.complete(lead) or {}
end

return M
