// Node's own WebSocket, driven from outside: one command a line on stdin, one event a line on stdout.
//
//   {"open": id, "url": url}   {"id": id, "event": "open", "extensions": ..., "protocol": ...}
//   {"send": id, "text": t}    {"id": id, "event": "message", "text": t}
//   {"send": id, "base64": b}  {"id": id, "event": "close", "code": n, "reason": r, "wasClean": w}
//   {"close": id, "code": n, "reason": r}   {"id": id, "event": "error", "message": m}
//
// It judges nothing and knows nothing of signaling. When stdin ends it ends, once its sockets have closed.

import { createInterface } from "node:readline";

const sockets = new Map();
const report = (id, event, details) => console.log(JSON.stringify({ id, event, ...details }));

function open(id, url) {
  const socket = new WebSocket(url);
  sockets.set(id, socket);
  socket.onopen = () => report(id, "open", { extensions: socket.extensions, protocol: socket.protocol });
  socket.onmessage = ({ data }) => report(id, "message", { text: data });
  socket.onerror = ({ message }) => report(id, "error", { message: String(message) });
  socket.onclose = ({ code, reason, wasClean }) => {
    sockets.delete(id);
    report(id, "close", { code, reason, wasClean });
  };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const command = JSON.parse(line);
  if ("open" in command) {
    open(command.open, command.url);
  } else if ("send" in command) {
    const binary = "base64" in command;
    sockets.get(command.send).send(binary ? Buffer.from(command.base64, "base64") : command.text);
  } else {
    sockets.get(command.close).close(command.code, command.reason);
  }
}
for (const socket of sockets.values()) {
  socket.close();
}
