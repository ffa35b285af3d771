// What the page imports as `/socket.io.js` is the browser build of this package (see index.ts); here it is its type.
export { io } from "socket.io-client";
