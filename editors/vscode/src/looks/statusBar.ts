/** The status bar's item: the model, and what is happening to its calls. */
import { type Disposable, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Kind, Look } from "./look";
import { tooltip } from "./tooltip";

const BACKGROUNDS: Partial<Record<Kind, ThemeColor>> = {
  throttled: new ThemeColor("statusBarItem.warningBackground"),
  broken: new ThemeColor("statusBarItem.errorBackground"),
};

export class StatusBar implements Disposable {
  private readonly item = window.createStatusBarItem("libria.status", StatusBarAlignment.Right, 100);

  constructor() {
    this.item.name = "Libria";
    this.item.command = "libria.showStatus";
  }

  show(look: Look): void {
    const { item } = this;
    item.text = look.text;
    item.backgroundColor = BACKGROUNDS[look.kind];
    item.accessibilityInformation = { label: look.says, role: "button" };
    item.tooltip = tooltip(look);
    item.show();
  }

  dispose(): void {
    this.item.dispose();
  }
}
