--- `:Libria commit`: a message for what is staged, into the commit buffer or at the cursor.
local M = {}

local MOST = 60000 -- bytes of the diff that are sent: what a small model's context takes
local WAIT_MS = 10000

--- A commit buffer lies within .git, where there is no work tree: git started it in the right place.
---@param buffer integer
---@return string
local function place(buffer)
  local folder = vim.fs.dirname(vim.api.nvim_buf_get_name(buffer))
  local usable = vim.bo[buffer].filetype ~= "gitcommit" and folder and vim.fn.isdirectory(folder) == 1
  return usable and folder or vim.fn.getcwd()
end

---@param buffer integer
---@param words string
---@param diff string
local function write(buffer, words, diff)
  local prompts = require("libria.prompts")
  local row, col = 0, 0
  if vim.bo[buffer].filetype ~= "gitcommit" then
    row, col = unpack(vim.api.nvim_win_get_cursor(0))
    row = row - 1
  end
  if #diff > MOST then
    diff = diff:sub(1, MOST) .. "\n[the rest of the diff is left out]"
  end
  local wanted = words ~= "" and ("\n\nSay also: %s"):format(words) or ""
  require("libria.answer").into(buffer, row, col, {
    unfence = true,
    chat = { prompt = diff .. wanted, system = prompts.COMMIT },
  })
end

---@param words string
function M.run(words)
  local buffer = vim.api.nvim_get_current_buf()
  local say = require("libria.say")
  if not vim.bo[buffer].modifiable then
    return say.error("this buffer cannot be changed.")
  end
  local command = { "git", "--no-pager", "diff", "--staged", "--no-color", "--no-ext-diff" }
  local ok, running = pcall(vim.system, command, { cwd = place(buffer), text = true, timeout = WAIT_MS })
  if not ok then
    return say.error("git is not on PATH.")
  end
  local done = running:wait()
  if done.code ~= 0 then
    return say.error("git: " .. (vim.trim(done.stderr or ""):match("^[^\n]+") or "the diff failed."))
  end
  if done.stdout == "" then
    return say.warn("nothing is staged; git add it first.")
  end
  write(buffer, words, done.stdout)
end

return M
