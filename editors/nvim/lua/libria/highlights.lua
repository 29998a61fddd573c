--- The groups that are used, each linked to one that every colour scheme has.
local M = {}

---@type { name: string, link: string, about: string }[]
M.all = {
  { name = "LibriaUser", link = "Title", about = "what you asked" },
  { name = "LibriaStatus", link = "Comment", about = "what is waited for, and hints" },
  { name = "LibriaError", link = "DiagnosticError", about = "why there is no answer" },
  { name = "LibriaGhost", link = "Comment", about = "ghost text of Neovim 0.11; 0.12 has ComplHint" },
  { name = "LibriaAdded", link = "DiffAdd", about = "lines that an edit adds" },
  { name = "LibriaAddedWord", link = "DiffText", about = "words that are new in them" },
  { name = "LibriaRemoved", link = "DiffDelete", about = "lines that an edit takes away" },
  { name = "LibriaRemovedWord", link = "DiffText", about = "words that go" },
}

function M.set()
  for _, group in ipairs(M.all) do
    vim.api.nvim_set_hl(0, group.name, { link = group.link, default = true })
  end
end

return M
