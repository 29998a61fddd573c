"""`libria ask` written with httpx: python ask.py URL MODEL PROMPT. Stands alone."""

import json
import sys

import httpx

url, model, prompt = sys.argv[1:]
body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": True}
with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, headers={"authorization": "Bearer bench"}) as reply:
    for line in reply.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            choices = json.loads(line[6:])["choices"]
            if choices and (text := choices[0]["delta"].get("content")):
                print(text, end="", flush=True)
print()
