/**
 * Certificates at the edge, read only
 * (https://developers.cloudflare.com/api/resources/ssl/subresources/certificate_packs/).
 */
import { createHash } from "node:crypto";
import { zoneOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute } from "../http/router.ts";
import type { CertificatePack, StoredZone } from "../state.ts";

/**
 * Every zone has it, and it covers the zone and one label below
 * (https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/).
 */
const universal = ({ id, name }: StoredZone): CertificatePack => ({
  id: createHash("md5").update(`universal ${id}`).digest("hex"),
  type: "universal",
  status: "active",
  hosts: [name, `*.${name}`],
});

export const certificateRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/zones/:zone/ssl/certificate_packs",
    handle(call) {
      call.requirePermission("SSL and Certificates Read");
      const zone = zoneOf(call);
      const packs = [universal(zone), ...(zone.certificates ?? [])];
      const all = call.query.get("status") === "all";
      const listed = packs.filter(({ status }) => all || status === "active");
      return paged(
        listed.map((pack) => ({ ...pack, certificates: [], primary_certificate: "0" })),
        call.query,
        { default: 20, max: 50 },
      );
    },
  },
  {
    method: "GET",
    path: "/zones/:zone/acm/total_tls",
    handle(call) {
      call.requirePermission("SSL and Certificates Read");
      return { result: { enabled: zoneOf(call).total_tls ?? false, validity_period: 90 } };
    },
  },
];
