import { h, type JSX } from "preact";
import { useState } from "preact/hooks";
import type { ActionProps } from "./action-props.ts";
import { AgainView } from "./again-view.ts";
import { CopiesView } from "./copies-view.ts";
import { ExampleView } from "./example-view.ts";

const ACTIONS: readonly (readonly [title: string, view: (props: ActionProps) => JSX.Element])[] = [
  ["Send or judge it again", AgainView],
  ["Copy it", CopiesView],
  ["Make it an example", ExampleView],
];

/** The actions, each closed until it is chosen. */
export function ActionsView(props: ActionProps): JSX.Element {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  return h(
    "div",
    { class: "actions" },
    ACTIONS.map(([title, view]) =>
      h(
        "details",
        { key: title, onToggle: () => setOpened(new Set([...opened, title])) },
        h("summary", null, title),
        opened.has(title) && h(view, props),
      ),
    ),
  );
}
