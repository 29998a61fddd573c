"""What an editor's documents are asked for: code to fill in, edits of a range; knows no JSON-RPC."""
