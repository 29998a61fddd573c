/** The dashboard's page: its own files and nothing else may be loaded or run in it. */
import { randomBytes } from "node:crypto";
import { Uri, type Webview } from "vscode";

export function html(webview: Webview, media: Uri): string {
  const nonce = randomBytes(16).toString("base64");
  const script = webview.asWebviewUri(Uri.joinPath(media, "dashboard", "main.js")).toString();
  const style = webview.asWebviewUri(Uri.joinPath(media, "dashboard", "dashboard.css")).toString();
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Libria</title>
<link rel="stylesheet" nonce="${nonce}" href="${style}">
</head>
<body>
<main id="dashboard" aria-busy="true"></main>
<script type="module" nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
