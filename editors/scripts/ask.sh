#!/bin/sh
# Ask a model from the shell: sh ask.sh MODEL FILE. `libria ask` reads what is piped in, prints the answer as it comes
# and says by its exit code what became of it: 0 answered, 1 failed (why: on standard error), 2 wrong usage, 130 Ctrl-C.
set -eu
model=${1:?usage: sh ask.sh MODEL FILE} file=${2:?usage: sh ask.sh MODEL FILE}

# A question about a file, through a pipe; whatever comes after it is piped on.
libria ask -m "$model" --system "You name things." "Give this file a title" <"$file" | head -n 1

# The whole result as JSON: here how many tokens it took. jq is nicer; this needs nothing.
libria ask -m "$model" --json "How long is this?" <"$file" | sed -n 's/.*"outputTokens": *\([0-9]*\).*/tokens: \1/p'

# What to do when it fails is in the message, so a script only has to pass it on.
if ! answer=$(libria ask -m "$model" --temperature 0 "Is this good? Answer yes or no." <"$file"); then
  echo "no answer, the file stays as it is" >&2
  exit 1
fi
echo "judged: $(printf %s "$answer" | head -c 20)"
