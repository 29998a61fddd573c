---@meta
--- The shapes that libria.nvim takes and gives. `libria/chat`'s own are in daemon/PROTOCOL.md. What is said of the
--- options is the help's text about them.

---@class libria.Options
---@field cmd? string[] the forwarder; default: `libria stdio` on PATH, else `uvx libria stdio`
---@field model? string provider/model or an alias of the config; default: the daemon's
---@field system? string the system prompt of `ask`; default: none
---@field batch_ms? integer how often at most a stream touches a buffer; default: 40
---@field progress? boolean calls are shown as Neovim 0.12's progress messages; default: true
---@field context_lines? integer of the file before and behind a selection that the model sees; default: 200
---@field ghost? libria.GhostOptions completion while typing

---@class libria.GhostOptions
---@field filetypes? string[] where it is offered; default: none, { "*" } is everywhere
---@field debounce_ms? integer Neovim 0.11's; 0.12 waits 200 ms by itself; default: 150

---@class libria.Config : libria.Options
---@field batch_ms integer
---@field progress boolean
---@field context_lines integer
---@field ghost { filetypes: string[], debounce_ms: integer }

---@class libria.Error
---@field code? integer JSON-RPC's; -32800: cancelled
---@field message string one sentence that says what to do
---@field data? { kind: string, retryable: boolean, partialText?: string }

---@class libria.Handle
---@field token string
---@field cancel fun(): boolean false where it was over
---@field is_over fun(): boolean

---@class libria.ChatOptions
---@field prompt? string one question; or
---@field messages? table[] a conversation
---@field model? string
---@field system? string
---@field params? table more parameters of libria/chat, as they are
---@field on_delta? fun(text: string)
---@field on_reasoning? fun(text: string)
---@field on_reset? fun(reason: string) what came so far is void: the answer starts again
---@field on_status? fun(status: table)
---@field on_done? fun(err?: libria.Error, result?: table)

---@class libria.Lines 1-based, both included
---@field first integer
---@field last integer
---@field columns? [integer, integer] bytes before the selection in its first line, up to its end in the last

--- One difference between a selection and what the model made of it. Rows are 0-based.
---@class libria.Hunk
---@field old string[]
---@field new string[]
---@field offset integer rows from the selection's first to the hunk's first, or to where `new` goes in
---@field mark? integer the extmark that keeps its place
