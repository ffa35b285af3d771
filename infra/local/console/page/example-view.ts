import { type ComponentChildren, h, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ExampleChoices, ExampleWish, ProposedExample } from "../again-data.ts";
import type { ActionProps } from "./action-props.ts";
import { post, read } from "./data.ts";

/** Makes a recorded request an example of a rule or a step of a story. The change is shown before it is written. */
export function ExampleView({ exchange: { ray } }: ActionProps): JSX.Element {
  const [choices, setChoices] = useState<ExampleChoices>();
  const [chosen, setChosen] = useState<ChosenPlace>();
  const [problem, setProblem] = useState("");
  const [proposed, setProposed] = useState<ProposedExample>();
  const [written, setWritten] = useState("");
  const fail = (error: Error) => setProblem(error.message);
  useEffect(() => {
    read<ExampleChoices>(`/api/requests/${encodeURIComponent(ray)}/example`).then((value) => {
      setChoices(value);
      setChosen(firstPlace(value));
    }, fail);
  }, [ray]);
  if (!choices || !chosen) return problem === "" ? h("p", { class: "hint" }, "Reading…") : alertOf(problem);
  const choose = (part: Partial<ChosenPlace>) => {
    setChosen({ ...chosen, ...part });
    setProposed(undefined);
    setWritten("");
    setProblem("");
  };
  const propose = () => {
    choose({});
    post<ProposedExample>("/api/examples/propose", wishOf(ray, chosen)).then(setProposed, fail);
  };
  const write = () => {
    setProblem("");
    post<{ file: string }>("/api/examples/write", { id: proposed?.id }).then(({ file }) => {
      setWritten(file);
      setProposed(undefined);
    }, fail);
  };
  return h(
    "div",
    null,
    h(
      "p",
      { class: "note" },
      "Addresses of clients, tokens, mail addresses and values that look like secrets are not written. " +
        "The visitor is one of visitors.ts.",
    ),
    formOf(choices, chosen, choose),
    h("p", null, h("button", { type: "button", onClick: propose }, "Show the change")),
    h(
      "div",
      { "aria-live": "polite" },
      problem !== "" && alertOf(problem),
      proposed && changeOf(proposed, write),
      written !== "" && h("p", { class: "true" }, `Written into ${written}. npm run dev deploys it by itself.`),
    ),
  );
}

const alertOf = (problem: string): JSX.Element => h("p", { role: "alert", class: "bad" }, problem);

/** What is chosen in the form; `place` is `rule PHASE REF` or `story NAME`. */
interface ChosenPlace {
  readonly place: string;
  readonly side: "match" | "pass";
  readonly visitor: string;
}

/** The rule that decided, on the side where the request is now; the visitor that sent it. */
function firstPlace({ rules, decided, stories, sender = "ordinary" }: ExampleChoices): ChosenPlace {
  const rule = rules.find(({ ref }) => ref === decided) ?? rules[0];
  const place = rule ? `rule ${rule.phase} ${rule.ref}` : `story ${stories[0] ?? ""}`;
  return { place, side: rule?.matches ? "match" : "pass", visitor: sender };
}

function wishOf(ray: string, { place, side, visitor }: ChosenPlace): ExampleWish {
  const [kind, name = "", ...more] = place.split(" ");
  if (kind === "story") return { ray, visitor, place: { kind: "story", story: [name, ...more].join(" ") } };
  const phase = name as Extract<ExampleWish["place"], { kind: "rule" }>["phase"];
  return { ray, visitor, place: { kind: "rule", phase, ref: more.join(" "), side } };
}

function formOf(
  { rules, stories, visitors }: ExampleChoices,
  { place, side, visitor }: ChosenPlace,
  choose: (part: Partial<ChosenPlace>) => void,
): JSX.Element {
  const ofRules = rules.map(({ phase, ref }): SelectOption => [`rule ${phase} ${ref}`, ref]);
  const ofStories = stories.map((name): SelectOption => [`story ${name}`, name]);
  const chooseRule = (value: string) => {
    const rule = rules.find((one) => value === `rule ${one.phase} ${one.ref}`);
    choose({ place: value, ...(rule && { side: rule.matches ? "match" : "pass" }) });
  };
  return h(
    "form",
    { onSubmit: (event: Event) => event.preventDefault() },
    selectOf("Example of", place, chooseRule, [
      h("optgroup", { label: "Rules" }, ofRules.map(optionOf)),
      h("optgroup", { label: "Steps of stories" }, ofStories.map(optionOf)),
    ]),
    place.startsWith("rule ") &&
      selectOf("The rule", side, (value) => choose({ side: value as ChosenPlace["side"] }), [
        optionOf(["match", "must match it"]),
        optionOf(["pass", "must not match it"]),
      ]),
    selectOf(
      "Visitor",
      visitor,
      (value) => choose({ visitor: value }),
      visitors.map((name) => optionOf([name, name])),
    ),
  );
}

type SelectOption = readonly [value: string, title: string];
const optionOf = ([value, title]: SelectOption): JSX.Element => h("option", { key: value, value }, title);

const selectOf = (
  title: string,
  value: string,
  change: (value: string) => void,
  options: ComponentChildren,
): JSX.Element =>
  h(
    "label",
    null,
    title,
    h(
      "select",
      {
        value,
        onChange: ({ currentTarget }: { currentTarget: HTMLSelectElement }) => change(currentTarget.value),
      },
      options,
    ),
  );

function changeOf({ file, diff, notes }: ProposedExample, write: () => void): JSX.Element {
  return h(
    "div",
    null,
    h("p", null, `The change of ${file}:`),
    h(
      "pre",
      { tabIndex: 0 },
      diff.split("\n").map((line) => h("span", { class: lineClass(line) }, `${line}\n`)),
    ),
    notes.map((note) => h("p", { class: "undetermined", key: note, dir: "auto" }, note)),
    h("p", null, h("button", { type: "button", onClick: write }, "Write it into the file")),
  );
}

const lineClass = (line: string): string =>
  /^[+](?![+][+] )/.test(line) ? "added" : /^-(?!-- )/.test(line) ? "removed" : "";
