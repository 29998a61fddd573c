--- The `<Plug>` maps; no key is taken.
local M = {}

---@type { name: string, modes: string, about: string, run: string|fun(), exact?: boolean }[]
M.all = {
  { name = "ask", modes = "nx", about = "ask; in Visual mode about the lines" },
  { name = "edit", modes = "nx", about = "have the line or what is selected rewritten", exact = true },
  { name = "insert", modes = "n", about = "have text written at the cursor" },
  { name = "explain", modes = "nx", about = "have the line or lines explained" },
  { name = "fix", modes = "nx", about = "have what diagnostics report mended" },
  { name = "commit", modes = "n", about = "write the commit's message" },
  { name = "cancel", modes = "ni", about = "cancel what is under way" },
  { name = "accept", modes = "nx", about = "make all changes; in Visual mode those of the lines" },
  { name = "reject", modes = "nx", about = "make none of them" },
  { name = "accept-one", modes = "n", about = "make the change at the cursor", run = "accept one" },
  { name = "reject-one", modes = "n", about = "leave the lines at the cursor", run = "reject one" },
  {
    name = "next",
    modes = "n",
    about = "go to the next change",
    run = function()
      require("libria.review").jump(1)
    end,
  },
  {
    name = "previous",
    modes = "n",
    about = "go to the change before",
    run = function()
      require("libria.review").jump(-1)
    end,
  },
}

for _, much in ipairs({ "all", "word", "line" }) do
  table.insert(M.all, {
    name = "ghost-" .. much,
    modes = "i",
    about = "accept the ghost text: " .. much,
    run = function()
      require("libria.ghost").accept(much)
    end,
  })
end

function M.set()
  for _, map in ipairs(M.all) do
    for mode in map.modes:gmatch(".") do
      local run = map.run or map.name
      if mode == "x" and map.exact then
        run = ("<Esc><Cmd>lua require('libria.commands').run_selected('%s')<CR>"):format(map.name)
      elseif type(run) == "string" then
        run = (mode == "x" and ":" or "<Cmd>") .. "Libria " .. run .. "<CR>"
      end
      local options = { silent = true, desc = "Libria: " .. map.about }
      vim.keymap.set(mode, ("<Plug>(libria-%s)"):format(map.name), run, options)
    end
  end
end

return M
