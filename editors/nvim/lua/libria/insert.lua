--- `:Libria insert`: the answer at the cursor, as it comes.
local M = {}

---@param words string
function M.run(words)
  local buffer = vim.api.nvim_get_current_buf()
  if not vim.bo[buffer].modifiable then
    return require("libria.say").error("this buffer cannot be changed.")
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local prompts = require("libria.prompts")
  require("libria.answer").into(buffer, row - 1, col, {
    unfence = true,
    chat = { prompt = prompts.insert(buffer, row - 1, col, words), system = prompts.WRITES },
  })
end

return M
