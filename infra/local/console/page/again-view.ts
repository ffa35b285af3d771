import { type ComponentChildren, h, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AgainDraft, AgainRequest, JudgedAgain, Judgement, MissingSecret, SentAgain } from "../again-data.ts";
import type { ActionProps } from "./action-props.ts";
import { type EditedRequest, editedOf, requestOf } from "./again-form.ts";
import { clockTime, post, read, readable } from "./data.ts";
import { ruleOf } from "./rule-view.ts";

/** The request as a form: sent again, or judged by the rules. */
export function AgainView({ exchange, open }: ActionProps): JSX.Element {
  const [draft, setDraft] = useState<AgainDraft>();
  const [edited, setEdited] = useState<EditedRequest>();
  const [problem, setProblem] = useState("");
  const [sent, setSent] = useState<SentAgain>();
  const [judged, setJudged] = useState<JudgedAgain>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    read<AgainDraft>(`/api/requests/${encodeURIComponent(exchange.ray)}/again`).then(
      (value) => {
        setDraft(value);
        setEdited(editedOf(value.request));
      },
      (error: Error) => setProblem(error.message),
    );
  }, [exchange.ray]);
  if (!draft || !edited) return problem === "" ? h("p", { class: "hint" }, "Reading…") : alertOf(problem);
  const act = (perform: (request: AgainRequest) => Promise<void>) => {
    if (isBusy) return; // a second click sends nothing
    setBusy(true);
    setProblem("");
    setSent(undefined);
    setJudged(undefined);
    perform(requestOf(edited, draft.request))
      .catch((error: Error) => setProblem(error.message))
      .finally(() => setBusy(false));
  };
  const send = () => act(async (request) => setSent(await post<SentAgain>("/api/again", request)));
  const judge = () => act(async (request) => setJudged(await post<JudgedAgain>("/api/judge", request)));
  const change = (part: Partial<EditedRequest>) => setEdited({ ...edited, ...part });
  return h(
    "div",
    null,
    missingOf(draft.missing),
    draft.bodyProblem !== undefined && h("p", { class: "undetermined" }, draft.bodyProblem),
    formOf(edited, draft.visitors, change),
    h(
      "p",
      null,
      h("button", { type: "button", onClick: send }, "Send again"),
      " ",
      h("button", { type: "button", onClick: judge }, "Judge without sending"),
    ),
    h(
      "div",
      { "aria-live": "polite" },
      isBusy && h("p", { class: "hint" }, "Waiting…"),
      problem !== "" && alertOf(problem),
      sent && h("p", null, `The edge responded ${sent.status}. `, openButton(sent.ray, open)),
      judged && judgedOf(judged),
    ),
  );
}

const alertOf = (problem: string): JSX.Element => h("p", { role: "alert", class: "bad" }, problem);

const openButton = (ray: string, open: ActionProps["open"]): JSX.Element =>
  h("button", { type: "button", onClick: () => open(ray) }, "Open the new request");

function missingOf(missing: readonly MissingSecret[]): ComponentChildren {
  if (missing.length === 0) return null;
  return h(
    "div",
    null,
    h("p", { class: "undetermined" }, "Secrets are not recorded. They are sent as [secret], unless you fill them in:"),
    h(
      "ul",
      null,
      missing.map(({ place, name }) =>
        h("li", { key: `${place} ${name}`, dir: "auto" }, `${place}: ${readable(name)}`),
      ),
    ),
  );
}

function formOf(
  { method, target, headers, body, visitor }: EditedRequest,
  visitors: readonly string[],
  change: (part: Partial<EditedRequest>) => void,
): JSX.Element {
  return h(
    "form",
    { class: "again", onSubmit: (event: Event) => event.preventDefault() },
    labelled(
      "Method",
      inputOf(method, (value) => change({ method: value })),
    ),
    labelled(
      "Visitor",
      h(
        "select",
        {
          value: visitor,
          onChange: ({ currentTarget }: { currentTarget: HTMLSelectElement }) =>
            change({ visitor: currentTarget.value }),
        },
        h("option", { value: "" }, "as recorded"),
        visitors.map((name) => h("option", { key: name, value: name }, name)),
      ),
    ),
    labelled(
      "Target",
      inputOf(target, (value) => change({ target: value })),
      "wide",
    ),
    labelled(
      "Headers",
      areaOf(headers, (value) => change({ headers: value })),
      "wide",
    ),
    body === undefined
      ? h("p", { class: "hint" }, "The body is no text. It is sent as it was.")
      : labelled(
          "Body",
          areaOf(body, (value) => change({ body: value })),
          "wide",
        ),
  );
}

const labelled = (title: string, field: JSX.Element, className = ""): JSX.Element =>
  h("label", { class: className }, title, field);

const inputOf = (value: string, change: (value: string) => void): JSX.Element =>
  h("input", {
    value,
    spellcheck: false,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => change(currentTarget.value),
  });

const areaOf = (value: string, change: (value: string) => void): JSX.Element =>
  h("textarea", {
    value,
    rows: Math.min(12, value.split("\n").length + 1),
    spellcheck: false,
    dir: "auto",
    onInput: ({ currentTarget }: { currentTarget: HTMLTextAreaElement }) => change(currentTarget.value),
  });

/** Both judgements side by side. */
function judgedOf({ present, before, different }: JudgedAgain): JSX.Element {
  const refs = new Set(different.map(({ ref }) => ref));
  return h(
    "div",
    null,
    h(
      "p",
      null,
      different.length > 0
        ? `The last edit: ${different.map(({ ref, change }) => `${ref} is ${change}`).join(", ")}.`
        : before
          ? "The last edit changed no rule: only their order, or a list."
          : "No rule was edited since the start.",
    ),
    h(
      "div",
      { class: "sides" },
      sideOf("Present rules", present, refs),
      before && sideOf(`Before the edit of ${clockTime(before.editedAt)}`, before, refs),
    ),
    h("p", { class: "note" }, "Counters of rate limits start at 0 here. As at the edge, rules do not see the body."),
  );
}

function sideOf(title: string, judgement: Judgement, different: ReadonlySet<string>): JSX.Element {
  const { outcome, by, status, undetermined, rules } = judgement;
  const isShown = ({ ref }: { readonly ref: string }) => ref === by?.ref || different.has(ref);
  const verdict = by === undefined ? outcome : `${outcome} by ${by.ref}`;
  const others = rules.filter((rule) => !isShown(rule));
  return h(
    "section",
    { "aria-label": title },
    h("h3", null, title),
    h("p", { class: outcome }, status === undefined ? verdict : `${verdict}, status ${status}`),
    undetermined.length > 0 && h("p", { class: "undetermined" }, `It depends on ${undetermined.join(", ")}.`),
    rules.filter(isShown).map(ruleOf),
    others.length > 0 && h("details", null, h("summary", null, `${others.length} other rules`), others.map(ruleOf)),
  );
}
