if vim.g.loaded_libria then
  return
end
vim.g.loaded_libria = true

vim.api.nvim_create_user_command("Libria", function(command)
  require("libria.commands").run(command)
end, {
  nargs = "*",
  range = true,
  bang = true,
  desc = "Language models: :Libria ask|edit|insert|explain|fix|commit|…",
  complete = function(...)
    return require("libria.commands").complete(...)
  end,
})

require("libria.maps").set()
require("libria.highlights").set()
