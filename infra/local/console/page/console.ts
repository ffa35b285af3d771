import "./console.css";
import { h, type JSX, render } from "preact";
import { useState } from "preact/hooks";
import { ExchangeView } from "./exchange-view.ts";
import { ConnectorsView, DeploymentsView, MailsView, RulesView } from "./other-views.ts";
import { RequestsView } from "./requests-view.ts";

const TABS = ["Requests", "Rules", "Deployments", "Connectors", "Mails"] as const;
type Tab = (typeof TABS)[number];

const OTHER_VIEWS: Readonly<Record<Exclude<Tab, "Requests">, () => JSX.Element>> = {
  Rules: RulesView,
  Deployments: DeploymentsView,
  Connectors: ConnectorsView,
  Mails: MailsView,
};

/** The whole page. */
function ConsolePage(): JSX.Element {
  const [tab, setTab] = useState<Tab>("Requests");
  const [ray, setRay] = useState<string>();
  const choose = (next: Tab) => {
    setRay(undefined);
    setTab(next);
  };
  const requests =
    ray === undefined
      ? h(RequestsView, { open: setRay })
      : h(ExchangeView, { ray, open: setRay, close: () => setRay(undefined), key: ray });
  return h(
    "div",
    null,
    h(
      "header",
      null,
      h("h1", null, "Causeway console"),
      h(
        "nav",
        { "aria-label": "Views" },
        TABS.map((name) =>
          h(
            "button",
            {
              type: "button",
              key: name,
              onClick: () => choose(name),
              "aria-current": name === tab ? "page" : undefined,
            },
            name,
          ),
        ),
      ),
    ),
    h("main", null, tab === "Requests" ? requests : h(OTHER_VIEWS[tab], null)),
  );
}

const place = document.getElementById("console");
if (!place) throw new Error("invariant: the page has #console");
render(h(ConsolePage, null), place);
