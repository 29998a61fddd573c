/** Which model answers the commands, chosen from those that can be asked. */
import { commands, type QuickPickItem, QuickPickItemKind, ThemeIcon, window } from "vscode";
import type { Daemon } from "../daemon";
import { showError } from "../errors";
import type { ModelResult, ModelsResult, Problem } from "../protocol";
import { chooseModel, chosenModel } from "./settings";

/** `model` is "" for the daemon's own choice. */
interface Item extends QuickPickItem {
  readonly model?: string;
  readonly run?: () => unknown;
}

export function pickModel(daemon: Daemon): void {
  const pick = window.createQuickPick<Item>();
  pick.title = "Libria: Model";
  pick.placeholder = "Which model answers from now on?";
  pick.matchOnDescription = true;
  pick.buttons = [{ iconPath: new ThemeIcon("refresh"), tooltip: "Ask the providers anew" }];
  const load = async (refresh: boolean) => {
    pick.busy = true;
    try {
      pick.items = items(await daemon.request("libria/models", { refresh }));
      pick.activeItems = pick.items.filter(({ model }) => model === (chosenModel().model ?? ""));
    } catch (error) {
      pick.hide();
      void showError(error, () => {
        pickModel(daemon);
      });
    }
    pick.busy = false;
  };
  pick.onDidTriggerButton(() => void load(true));
  pick.onDidHide(() => {
    pick.dispose();
  });
  pick.onDidAccept(() => {
    const [item] = pick.selectedItems;
    pick.hide();
    if (item?.model !== undefined) {
      void chooseModel(item.model);
    }
    void item?.run?.();
  });
  pick.show();
  void load(false);
}

function items({ models, problems }: ModelsResult): Item[] {
  const chats = models.filter(({ capabilities: can }) => can.length === 0 || can.includes("chat") || isAlias(can));
  const [aliases, others] = [chats.filter((one) => isAlias(one.capabilities)), chats.filter((one) => !isAlias(one.capabilities))];
  const byProvider = Map.groupBy(others, ({ provider }) => provider);
  return [
    { label: "Default", description: "as Libria’s configuration says, else the first provider with a key", model: "" },
    ...group("aliases", aliases.map(item)),
    ...[...byProvider].flatMap(([provider, some]) => group(provider, some.map(item))),
    ...group("cannot be asked", problems.map(trouble)),
  ];
}

function isAlias(capabilities: readonly string[]): boolean {
  return capabilities.includes("alias");
}

function group(label: string, some: readonly Item[]): Item[] {
  return some.length === 0 ? [] : [{ label, kind: QuickPickItemKind.Separator }, ...some];
}

function item({ id, contextWindow, price }: ModelResult): Item {
  const room = contextWindow === undefined ? [] : [`${Math.floor(contextWindow / 1000)}k`];
  const costs = price === undefined ? [] : [`$${price.input} in, $${price.output} out for a million tokens`];
  const current = chosenModel().model === id ? "$(check) " : "";
  return { label: `${current}${id}`, description: [...room, ...costs].join(" · "), model: id };
}

function trouble({ provider, kind, message }: Problem): Item {
  const key = kind === "credentialMissing" || kind === "credentialRejected";
  return {
    label: `$(warning) ${provider}`,
    description: message,
    run: () => commands.executeCommand(key ? "libria.setKey" : "libria.openLog"),
  };
}
