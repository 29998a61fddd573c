--- How two texts differ: by lines, and within a changed line by words.
local M = {}

local compare = vim.text and vim.text.diff or vim.diff -- 0.12 gave it another name

---@param old string[]
---@param new string[]
---@return libria.Hunk[]
function M.hunks(old, new)
  local found = compare(table.concat(old, "\n") .. "\n", table.concat(new, "\n") .. "\n", {
    result_type = "indices",
    algorithm = "histogram",
    linematch = 40,
  })
  local hunks = {}
  for _, at in ipairs(found) do
    local old_first, old_count, new_first, new_count = unpack(at)
    hunks[#hunks + 1] = {
      offset = old_count > 0 and old_first - 1 or old_first,
      old = vim.list_slice(old, old_first, old_first + old_count - 1),
      new = vim.list_slice(new, new_first, new_first + new_count - 1),
    }
  end
  return hunks
end

--- Words, blanks, and each other character by itself. Bytes of a longer character stay together.
---@param line string
---@return string[]
local function tokens(line)
  local found, at = {}, 1
  while at <= #line do
    local token = line:match("^[%w_\128-\255]+", at) or line:match("^%s+", at) or line:sub(at, at)
    found[#found + 1] = token
    at = at + #token
  end
  return found
end

--- Pieces of the two lines, in order; `changed` ones are not in the other.
---@param old string
---@param new string
---@return { text: string, changed: boolean }[]
---@return { text: string, changed: boolean }[]
function M.words(old, new)
  local old_tokens, new_tokens = tokens(old), tokens(new)
  local found = compare(table.concat(old_tokens, "\n") .. "\n", table.concat(new_tokens, "\n") .. "\n", {
    result_type = "indices",
  })
  local old_changed, new_changed = {}, {}
  for _, at in ipairs(found) do
    for index = at[1], at[1] + at[2] - 1 do
      old_changed[index] = true
    end
    for index = at[3], at[3] + at[4] - 1 do
      new_changed[index] = true
    end
  end
  local function pieces(all, changed)
    local joined = {}
    for index, token in ipairs(all) do
      local last = joined[#joined]
      local is = changed[index] or false
      if last and last.changed == is then
        last.text = last.text .. token
      else
        joined[#joined + 1] = { text = token, changed = is }
      end
    end
    return joined
  end
  return pieces(old_tokens, old_changed), pieces(new_tokens, new_changed)
end

return M
