/** The dashboard in an editor's tab; it asks the daemon only while it is seen. */
import { commands, type Disposable, type Uri, type WebviewPanel, window } from "vscode";
import type { Daemon } from "../daemon";
import { showError } from "../errors";
import { html } from "./html";
import { type FromPage, read } from "./messages";
import { Source } from "./source";

const EVERY_MS = 1000;

export class Panel implements Disposable {
  /** How often it has asked. */
  asked = 0;
  private readonly source: Source;
  private readonly disposables: Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private asking = false;
  private again = false;
  private closed = false;

  constructor(
    readonly panel: WebviewPanel,
    private readonly daemon: Daemon,
    media: Uri,
  ) {
    this.source = new Source(daemon);
    panel.webview.options = { enableScripts: true, localResourceRoots: [media] };
    this.disposables = [
      panel.webview.onDidReceiveMessage((said: unknown) => {
        const message = read(said);
        if (message !== undefined) {
          this.hear(message).catch(showError);
        }
      }),
      panel.onDidChangeViewState(() => {
        this.soon();
      }),
      daemon.onState(() => {
        this.source.expire();
        this.soon();
      }),
      daemon.calls(({ kind }) => {
        if (kind !== "progress") {
          this.source.expire();
          this.soon();
        }
      }),
    ];
    panel.webview.html = html(panel.webview, media);
  }

  dispose(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const each of this.disposables) {
      each.dispose();
    }
    this.panel.dispose();
  }

  private async hear(message: FromPage): Promise<void> {
    switch (message.kind) {
      case "ready":
        break;
      case "cancel":
        await this.daemon.request("libria/cancel", { callId: message.callId });
        break;
      case "clearCache":
        await this.clearCache();
        break;
      case "spend":
        this.source.by = message.by;
        this.source.since = message.since;
        break;
      case "run":
        await commands.executeCommand(message.command);
        return;
    }
    this.source.expire();
    this.soon();
  }

  private async clearCache(): Promise<void> {
    const clear = "Clear";
    const asked = "Clear Libria’s cache? Every answer in it is asked anew, and paid for anew.";
    if ((await window.showWarningMessage(asked, { modal: true }, clear)) === clear) {
      await this.daemon.request("libria/cacheClear", {});
    }
  }

  private soon(): void {
    clearTimeout(this.timer);
    if (this.panel.visible && !this.closed) {
      this.timer = setTimeout(() => void this.tell(), 0);
    }
  }

  private async tell(): Promise<void> {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    this.asked += 1;
    const picture = await this.source.picture();
    this.asking = false;
    if (!this.closed && this.panel.visible) {
      await this.panel.webview.postMessage(picture);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.tell(), this.again ? 0 : EVERY_MS);
      this.again = false;
    }
  }
}
