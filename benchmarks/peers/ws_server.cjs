// The seed's work on Node's `ws`, written as its users write it: rooms of N, room-found, relay to `to`.
// What differs from the seed: the server stamps `from`, and a user's end removes only the user's own connection.
"use strict";

const { randomUUID } = require("node:crypto");
const { WebSocketServer } = require("ws");

const users = new Map(); // user id -> WebSocket
const rooms = new Map(); // room id -> Set of user ids
const queues = new Map(); // match size -> user ids, who waits longest first
const RELAYED = new Set(["offer", "answer", "ice-candidate"]);

function send(userId, message) {
  const ws = users.get(userId);
  if (ws && ws.readyState === ws.OPEN) {
    ws.send(JSON.stringify(message));
    return true;
  }
  return false;
}

function match(userId, size) {
  const queue = queues.get(size) ?? [];
  queues.set(size, queue);
  queue.push(userId);
  console.log(`User ${userId} joined queue for size ${size}. Current queue size: ${queue.length}`);
  if (queue.length < size) return;
  const peers = queue.splice(0, size);
  const roomId = randomUUID();
  rooms.set(roomId, new Set(peers));
  console.log(`Match found for room ${roomId}: ${peers.join(", ")}`);
  for (const peer of peers) send(peer, { type: "room-found", roomId, peers });
}

function handle(userId, data) {
  const message = JSON.parse(data);
  if (message.type === "matchmaking") {
    match(userId, message.matchSize);
  } else if (RELAYED.has(message.type)) {
    const { type, to, sdp, candidate } = message;
    if (!send(to, { type, from: userId, sdp, candidate })) console.warn(`Target user ${to} not found.`);
  } else {
    console.warn(`Unknown message type: ${message.type}`);
  }
}

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/signal", perMessageDeflate: false });

server.on("connection", (ws, request) => {
  const userId = new URL(request.url, "http://localhost").searchParams.get("userId");
  if (!userId) {
    ws.close(1008, "Missing userId parameter.");
    return;
  }
  users.set(userId, ws);
  console.log(`User ${userId} connected.`);

  ws.on("message", (data) => {
    try {
      handle(userId, data);
    } catch (error) {
      console.error("Error processing message:", error);
    }
  });

  ws.on("close", () => {
    console.log(`User ${userId} disconnected.`);
    if (users.get(userId) === ws) users.delete(userId);
    for (const [size, queue] of queues) queues.set(size, queue.filter((other) => other !== userId));
  });

  ws.on("error", (error) => console.error(error));
});

server.on("listening", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
