import { mask, parseIp, printIp } from "../../language/ip-address.ts";
import type { Lint } from "../lint.ts";

export const hostBits: Lint = {
  name: "host-bits",
  severity: "error",
  about: "A network has no bits set after its prefix: 203.0.113.7/24 is 203.0.113.0/24.",
  *inExpression({ text, diagnostics }) {
    for (const { code, span } of diagnostics) {
      const [, address = "", length] = /^([0-9A-Fa-f.:]+)\/(\d+)/.exec(text.slice(span.start)) ?? [];
      const ip = code === "host-bits" ? parseIp(address) : undefined;
      if (ip === undefined) continue;
      const network = `${printIp(mask(ip, Number(length)))}/${length}`;
      const at = { start: span.start, end: span.start + address.length + 1 + (length?.length ?? 0) };
      yield {
        span: at,
        message: `${address}/${length} has bits set after its prefix`,
        hint: `write ${network} for the network, or ${address} for the one address`,
        fix: [{ span: at, text: network }],
      };
    }
  },
};
