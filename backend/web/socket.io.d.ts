// `/socket.io.js` is the browser build of socket.io-client, served from its package (see assets.ts).
export { io } from "socket.io-client";
