import { connectorSuite } from "../../cloudflared/connector-suite.ts";

const { PATH = "", CLOUDFLARED_BIN } = process.env;
connectorSuite(
  "the road with the real cloudflared",
  { PATH, ...(CLOUDFLARED_BIN && { CLOUDFLARED_BIN }) },
  "cloudflared",
);
