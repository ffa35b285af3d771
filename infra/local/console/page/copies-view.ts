import { h, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Copies } from "../again-data.ts";
import type { ActionProps } from "./action-props.ts";
import { read } from "./data.ts";

/** Commands that send or explain a recorded request, to copy, and its HAR file. */
export function CopiesView({ exchange: { ray } }: ActionProps): JSX.Element {
  const [copies, setCopies] = useState<Copies>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    read<Copies>(`/api/requests/${encodeURIComponent(ray)}/copies`).then(setCopies, (error: Error) =>
      setProblem(error.message),
    );
  }, [ray]);
  if (problem !== "") return h("p", { role: "alert", class: "bad" }, problem);
  if (!copies) return h("p", { class: "hint" }, "Reading…");
  const { curl, explain, bodyProblem } = copies;
  return h(
    "div",
    null,
    h("p", { class: "note" }, "For a shell of Linux or macOS. Secrets are not recorded: [secret] is in their place."),
    bodyProblem !== undefined && h("p", { class: "undetermined" }, bodyProblem),
    h(CopyText, { title: "curl", text: curl }),
    explain === undefined
      ? h("p", { class: "hint" }, "It has bytes that are no text, so that one line cannot hold it.")
      : h(CopyText, { title: "one-line request", text: explain }),
    h("p", null, h("a", { href: `/api/requests/${encodeURIComponent(ray)}/har`, download: true }, "Download as HAR")),
  );
}

/** A text with a button that copies it. */
function CopyText({ title, text }: { readonly title: string; readonly text: string }): JSX.Element {
  const [state, setState] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState("Copied."),
      () => setState("The browser does not allow it: copy the text by hand."),
    );
  return h(
    "div",
    null,
    h(
      "p",
      null,
      h("button", { type: "button", onClick: copy }, `Copy as ${title}`),
      " ",
      h("span", { role: "status" }, state),
    ),
    h("pre", { tabIndex: 0 }, text),
  );
}
