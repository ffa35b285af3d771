import { command, runCommand, runUntilSignal } from "./command-line/index.ts";

await runCommand(
  command({
    name: "backend",
    summary: "Runs the backend alone, as it runs behind a tunnel, until SIGINT or SIGTERM. Its log is the output.",
    environment: {
      "HOST, PORT": "where the gateway listens (127.0.0.1, 3000)",
      DATA_DIR: "folder of the embedded database and the keys (.data)",
      ORIGINS: "whose pages may use cookies and sockets, divided by commas",
      TRUSTED_PEERS: "networks whose CF-Connecting-IP is believed (the loopback)",
      "ACCESS_TEAM, ACCESS_AUDIENCE": "the application of Cloudflare Access that administrators must come through",
      ACCESS_CERTIFICATES: "URL of the team's certificates (Cloudflare's)",
      "LOG_LEVEL, LOG_SAMPLE": "how much is logged (info), and which share (1)",
      REGISTRATION: "open or closed (open)",
      DRAIN_SECONDS: "seconds to move clients away and finish requests at the end (10)",
      INTERNAL_PORT: "port for /health/live, /health/ready and /metrics (none)",
      DATABASE_URL: "PostgreSQL instead of the embedded database, as in postgres://user:password@host/database",
      UNUSED_FEATURES: "features that the program does not have any more and the database has (none)",
      "NATS_URL, NODE_ID": "NATS, for more than one node; the name of this one",
      "NATS_CA, NATS_CREDS": "files with the CA certificates and the credentials for NATS",
      "NODE_SECRET, NODE_SECRET_ACCEPTED": "what authenticates nodes to each other; a second one while it changes",
      MESSAGE_DAYS: "days after which messages are removed (all are kept)",
      MESSAGES_PER_ROOM: "the newest messages that each room keeps (all are kept)",
      USER_QUOTA_MB: "megabytes that one user's messages may take (100)",
      "MAIL_URL, MAIL_FROM": "mail server and sender (files in DATA_DIR/outbox)",
    },
    failure: "it could not start, or did not end in order",
    run: runBackend,
  }),
);

async function runBackend(): Promise<void> {
  const { readBackendConfig } = await import("./database/backend-config.ts");
  const config = readBackendConfig(process.env);
  const { endWith, startBackend } = await import("../backend/main.ts");
  const { loadAssets } = await import("../backend/page/index.ts");
  await runUntilSignal({
    // the signal also ends a start that waits for NATS
    start: async (signal) => startBackend(config, { assets: await loadAssets(), signal }),
    started(backend) {
      // Only for bugs: signals are ours, because they also count while the backend starts.
      endWith(backend, {
        once() {},
        on: (event, listener) => process.on(event, listener),
        exit: (code) => process.exit(code),
      });
      if (backend.outbox !== undefined) {
        console.error(`Mails are not sent: they go into ${backend.outbox} (set MAIL_URL to send them).`);
      }
      if (backend.setupPath !== undefined) {
        // Not in the log: a log is kept, and more people read it.
        const address = config.origins[0] ?? backend.url;
        console.error(`There is no administrator yet. Register the first one at ${address}${backend.setupPath}`);
      }
    },
    stop: (backend) => backend.stop(),
  });
}
