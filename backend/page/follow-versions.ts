/** Reloads the page when there is another version of it. Only pages of `npm run dev` have this file. */

/** Where `npm run dev` sends the page's version; esbuild puts it here. */
declare const PAGE_VERSIONS_URL: string;

/** Milliseconds until the next try where `npm run dev` cannot be reached. */
const CONNECT_AGAIN_MS = 2000;

let own: string | undefined;

function follow(): void {
  const socket = new WebSocket(PAGE_VERSIONS_URL);
  socket.onmessage = ({ data: version }) => {
    if (own !== undefined && version !== own) location.reload();
    own = String(version);
  };
  socket.onclose = () => setTimeout(follow, CONNECT_AGAIN_MS);
}

follow();
