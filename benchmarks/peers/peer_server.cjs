// The PeerJS server as its own command runs it (package `peer`), but for the port, which the system chooses here.
"use strict";

const { PeerServer } = require("peer");

const server = PeerServer({ host: "127.0.0.1", port: 0, path: "/" }, (http) =>
  console.log(`listening on 127.0.0.1:${http.address().port}`),
);
server.on("connection", (client) => console.log(`Client connected: ${client.getId()}`));
server.on("disconnect", (client) => console.log(`Client disconnected: ${client.getId()}`));
process.on("SIGTERM", () => process.exit(0));
