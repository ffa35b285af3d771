import type { Site } from "../../../infra/policy/site.ts";
import type { Plan } from "../../../infra/rules/index.ts";

/** A site with two hostnames, as a configuration gives it. */
export const site: Site = {
  project: "causeway",
  stack: "test",
  zone: { name: "example.com" },
  hostnames: ["chat.example.com", "www.example.com"],
  origin: "http://127.0.0.1:3000",
  plan: "auto",
  zoneSettings: {},
};

export const PLANS: readonly Plan[] = ["free", "pro", "business", "enterprise"];
