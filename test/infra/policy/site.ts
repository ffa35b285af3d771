import type { Site } from "../../../infra/policy/site.ts";

/** A site with two hostnames, as a configuration gives it. */
export const site: Site = {
  project: "causeway",
  stack: "test",
  role: "owner",
  zone: { name: "example.com" },
  hostnames: ["chat.example.com", "www.example.com"],
  origin: "http://127.0.0.1:3000",
  plan: "auto",
  zoneSettings: {},
};

export { PLANS } from "../../../infra/rules/index.ts";
