std = "luajit"
max_line_length = 120
read_globals = { "vim" }
ignore = {
  "122/vim", -- vim.o, vim.wo, vim.bo and vim.env are set
}
